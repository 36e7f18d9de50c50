"""`notifier sources try NAME`: one call, verified and read without any service.

Takes headers and a body in files, gives the events with their fields, or the exact reason why
there are none. Exit: 0 mapped or of no concern, 1 refused or not readable, 2 wrong usage or file.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import click

from notifier.app.config_file import ConfigFile
from notifier.app.trying import Tried, trial
from notifier.cli import flags, options, output, tables
from notifier.cli.moments import Moment
from notifier.model import times
from notifier.model.errors import ConfigurationError
from notifier.model.events import Event, Party
from notifier.model.times import Instant
from notifier.sources import definition
from notifier.sources.call import Call
from notifier.sources.definition import Definition

_LARGEST = 16 * 1024**2
_SAID = {
    "mapped": "read as",
    "ignored": "of no concern: it is answered with success, and nothing is stored",
    "unmapped": "not readable",
    "refused": "refused",
    "challenge": "a challenge",
}


@click.command("try")
@click.argument("name")
@click.option("--headers", type=click.File("rb"), help="Lines `Name: value`, or a JSON object.")
@click.option("--body", type=click.File("rb"), required=True, help="The body, byte for byte.")
@click.option("--method", default="POST", show_default=True)
@click.option("--query", default="", help="What follows the ? of the address.")
@click.option("--tail", default="", help="What follows the name in the path.")
@click.option("--client", default="", help="The address of the caller.")
@click.option("--now", type=Moment(), help="When it arrives: a time, or 2h for two hours ago.")
@click.option("--any-time", is_flag=True, help="Take a signature however old it is.")
@click.option("--no-verify", is_flag=True, help="Do not look whether the call is authentic.")
@click.option("--prev", type=click.File("rb"), help="What was known of the ticket, as JSON.")
@click.option("--preset", help="Try this shipped preset; no notifier.toml is needed.")
@click.option("--secret", multiple=True, help="With --preset: env:NAME, file:PATH or the secret.")
@click.option("--desk-url", help="With --preset: where the help desk is.")
@click.option("--public-url", help="With --preset: the address that it posts to.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Take this file instead of CONFIG_FILE or notifier.toml.",
)
@flags.as_json
@flags.env_file
def command(
    name: str,
    headers: BinaryIO | None,
    body: BinaryIO,
    as_json: bool,
    now: str | None,
    any_time: bool,
    no_verify: bool,
    prev: BinaryIO | None,
    config: Path | None,
    env_file: Path | None,
    **given: Any,
) -> None:
    """Try one call on a source: is it authentic, and what is it read as?

    Nothing is stored, sent, or asked of a running service. A call that notifier sources calls
    shows, or that was saved in the help desk, is tried again here until it is read as it should.
    """
    settings = options.settings(env_file, config_file=None if config is None else str(config))
    places = options.places(env_file)
    if given["preset"] is None:
        read = ConfigFile(settings, places).read()
        found, folder = _named(name, read.definitions), (read.path or Path()).parent
    else:
        found, folder = _of_preset(name, given), Path()
    made = trial(
        name, found, (places, folder), verified=not no_verify, any_time=any_time or no_verify
    )
    call = Call(
        headers=_headers(headers),
        body=body.read(_LARGEST),
        method=given["method"].upper(),
        query=given["query"].encode(),
        tail=given["tail"],
        client=given["client"],
    )
    at = time.time_ns() // 1_000_000 if now is None else times.from_text(now)
    tried = made.of(call, at, _before(prev))
    if as_json:
        output.document(_document(tried, at))
    else:
        for line in _lines(tried, at):
            output.say(line)
    sys.exit(1 if tried.outcome in ("refused", "unmapped") else 0)


def _named(name: str, known: Mapping[str, Definition]) -> Definition:
    if name not in known:
        there = ", ".join(sorted(known)) or "none; notifier connect adds one"
        raise ConfigurationError(f"there is no source {name} in the file; there are: {there}")
    return known[name]


def _of_preset(name: str, given: Mapping[str, Any]) -> Definition:
    table = {
        "preset": given["preset"],
        "secrets": list(given["secret"]),
        "desk_url": given["desk_url"],
        "public_url": given["public_url"],
    }
    return definition.read(name, {key: value for key, value in table.items() if value})


def _headers(file: BinaryIO | None) -> tuple[tuple[bytes, bytes], ...]:
    if file is None:
        return ()
    text = file.read(_LARGEST).decode("latin-1")
    if text.lstrip().startswith("{"):
        pairs = list(_json(text.encode("latin-1"), "--headers").items())
    else:
        pairs = [_split(line) for line in text.splitlines() if line.strip()]
    return tuple(
        (str(name).strip().lower().encode("latin-1"), str(value).strip().encode("latin-1"))
        for name, value in pairs
    )


def _split(line: str) -> tuple[str, Any]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ConfigurationError("--headers: write lines `Name: value`, or one JSON object")
    return name, value


def _before(file: BinaryIO | None) -> dict[str, Any] | None:
    if file is None:
        return None
    nothing = {"ticket": None, "assignee": None, "requester": None, "actor": None}
    return {**nothing, "type": None, "closed": False, **_json(file.read(_LARGEST), "--prev")}


def _json(content: bytes, option: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{option}: write one JSON object")
    return found


def _lines(tried: Tried, at: Instant) -> Iterator[str]:
    cause = f": {tried.cause}" if tried.cause else ""
    yield f"{_SAID[tried.outcome]}{cause}"
    for event in tried.events:
        yield ""
        yield event.type
        named = [(name, value) for name, value in _fields(event, at) if value is not None]
        yield from tables.pairs([(f"  {name}", value) for name, value in named])


def _fields(event: Event, at: Instant) -> Iterator[tuple[str, object]]:
    yield from _party("assignee", event.assignee)
    ticket = event.ticket
    for name in ("id", "number", "title", "priority", "status", "category", "url", "version"):
        yield f"ticket.{name}", getattr(ticket, name)
    yield from _party("requester", event.requester)
    yield from _party("actor", event.actor)
    if event.occurred_at != at:
        yield "occurred_at", times.to_text(event.occurred_at)
    yield "repeats by", event.webhook_id


def _party(role: str, party: Party | None) -> Iterator[tuple[str, object]]:
    for name in ("id", "login", "name", "email", "phone", "locale", "time_zone"):
        yield f"{role}.{name}", None if party is None else getattr(party, name)


def _document(tried: Tried, at: Instant) -> dict[str, object]:
    return {
        "outcome": tried.outcome,
        "cause": tried.cause,
        "events": [
            {
                "type": event.type,
                **{name: value for name, value in _fields(event, at) if value is not None},
            }
            for event in tried.events
        ],
    }
