"""`notifier emit`: a signed event, posted as a help desk would.

Takes a type and what to say, or a file with the whole body, gives the service's answer. Refuses
(exit 1) when nobody answers or the answer is no success.
"""

import difflib
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import click
import httpx2

from notifier.cli import options, output
from notifier.cli.sign import fresh_id
from notifier.model.events import TICKET_TYPES
from notifier.sources import headers

_TIMEOUT = 10.0


@click.command()
@click.argument("type_", metavar="TYPE")
@click.option("--to", help="The assignee's mail address or phone number.")
@click.option("--title", default="Printer Not Working", help="The ticket's title.")
@click.option("--file", "body_file", type=click.File("rb"), help="Post this body as it is.")
@click.option(
    "--id",
    "webhook_id",
    type=options.WebhookId(),
    help="The webhook-id; a repeated one is a repeated call.",
)
@options.as_json
@options.env_file
def command(
    type_: str,
    to: str | None,
    title: str,
    body_file: BinaryIO | None,
    webhook_id: str | None,
    as_json: bool,
    env_file: Path | None,
) -> None:
    """Sign an event of TYPE, such as ticket.assigned, and post it to the running service."""
    settings = options.settings(env_file)
    body = body_file.read() if body_file else json.dumps(_event(type_, to, title)).encode()
    made = headers.signed(
        options.secret(settings), webhook_id or fresh_id(), int(time.time()), body
    )
    address = f"{options.url(settings)}/webhooks"
    try:
        answer = httpx2.post(address, content=body, headers=made, timeout=_TIMEOUT, trust_env=False)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        said = f"no answer from {address}: {error}; is it running?"
        if as_json:
            output.say(json.dumps({"status": None, "detail": said}))
        output.complain(f"notifier: {said}")
        sys.exit(1)
    found = _read(answer)
    _show(answer.status_code, found, as_json)
    if found.get("status") == "ignored" and not body_file:
        nearest = difflib.get_close_matches(type_, sorted(TICKET_TYPES), n=1, cutoff=0.0)[0]
        output.complain(f"notifier: nobody is told of {type_}; did you mean {nearest}?")
    sys.exit(0 if answer.is_success else 1)


def _event(type_: str, to: str | None, title: str) -> dict[str, Any]:
    kind = "email" if to and "@" in to else "phone"
    return {
        "type": type_,
        "data": {
            # A fresh ticket each time: a second notice about one ticket may be told by the first.
            "ticket": {
                "id": secrets.token_hex(6),
                "number": "123",
                "title": title,
                "priority": "high",
                "category": "Hardware",
            },
            "assignee": {"id": to, kind: to} if to else None,
            "requester": {"id": "emit-requester", "name": "Jane Doe"},
            "actor": {"id": "emit-actor", "name": "Administrator"},
        },
    }


def _read(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    return {"status": answer.status_code, "detail": answer.text}


def _show(status: int, found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        output.say(json.dumps(found))
        return
    output.say(f"HTTP {status}")
    output.say(json.dumps(found, indent=2, ensure_ascii=False))
