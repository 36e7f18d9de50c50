"""A source that has whatever a source may have, in a notifier.toml."""

from tests.service import TOKEN

NAME = "desk"
TAIL = "a-token-of-the-help-desk"

TABLE = f"""
[sources.{NAME}]
methods = ["POST", "PUT", "PATCH"]
secrets = ["{TOKEN}"]
auth = [
  {{ scheme = "token", in = "bearer" }},
  {{ scheme = "token", in = "path", secrets = ["{TAIL}"] }},
]
challenge = {{ get_ok = true, head_ok = true, cloudevents_options = true }}
[sources.{NAME}.map.events]
"ticket.updated" = "true"
[sources.{NAME}.map.fields]
"ticket.id" = "body.data.ticket.id"
"""
