"""The sources as /v1/sources shows them: what somebody has to know, and no secret.

Takes what is configured, gives one view for each source. Refuses nothing.
"""

from notifier.app import source_words
from notifier.app.config_file import Configuration
from notifier.model.times import DAY
from notifier.settings.settings import Settings
from notifier.sources.definition import Definition
from notifier.web.sources import SourceView
from notifier.web.webhooks import Desk

_NATIVE_TITLE = "Our own format"
_NATIVE_KEY = "headers['webhook-id']"
_NATIVE_WINDOW = 30 * DAY


def views(present: Configuration, settings: Settings) -> list[SourceView]:
    """Give every source, in alphabetical order."""
    found = []
    for name, desk in sorted(present.sources.items()):
        definition = present.definitions.get(name)
        if definition is None:
            signed = bool(settings.webhook_secret.get_secret_value())
            found.append(_native(name, desk, signed))
        else:
            found.append(_configured(name, desk, definition))
    return found


def _configured(name: str, desk: Desk, found: Definition) -> SourceView:
    return SourceView(
        name=name,
        preset=found.preset,
        title=None if found.about is None else found.about.title,
        desk_url=found.desk_url,
        schemes=tuple(source_words.schemes(found)),
        authentication=source_words.authentication(found),
        methods=tuple(sorted(desk.methods)),
        success_status=desk.success_status,
        max_body=desk.max_body,
        dedupe_key=tuple(found.dedupe.key),
        dedupe_window=source_words.length(found.dedupe.window),
        dedupe_body_window=source_words.length(found.dedupe.body_window),
        is_open=source_words.is_open(found),
    )


def _native(name: str, desk: Desk, signed: bool) -> SourceView:
    return SourceView(
        name=name,
        preset=None,
        title=_NATIVE_TITLE,
        desk_url=None,
        schemes=(source_words.NATIVE,) if signed else (),
        authentication=source_words.NATIVE if signed else source_words.NOTHING,
        methods=tuple(sorted(desk.methods)),
        success_status=desk.success_status,
        max_body=desk.max_body,
        dedupe_key=(_NATIVE_KEY,),
        dedupe_window=source_words.length(_NATIVE_WINDOW),
        dedupe_body_window=None,
        is_open=False,
    )
