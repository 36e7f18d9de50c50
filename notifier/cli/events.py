"""`notifier events`: what help desks said, and calls that could not be read, read again.

Takes filters or ids, gives rows, the story of one event, or what calls were read as. Refuses
(exit 1) what the service refuses, and calls that still cannot be read.
"""

import functools
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import click

from notifier.cli import explaining, flags, output, stories, tables
from notifier.cli.client import Client, ask, is_absent
from notifier.cli.lists import Listing
from notifier.cli.moments import Moment
from notifier.cli.output import Document
from notifier.model.errors import CallFailed
from notifier.model.events import EventStatus

_PAGE = 200
_UNMAPPED = "unmapped"


@click.group()
def command() -> None:
    """Look at events, or have calls read again that could not be read.

    An event is what a help desk said about a ticket. A call that its source could not read is
    kept as `unmapped`, and is `replayed` once it was read after all.
    """


@command.command("list")
@click.option("--status", type=click.Choice(get_args(EventStatus)), help="Only with this status.")
@click.option("--source", help="Only from this help desk.")
@click.option("--type", "type", help="Only of this type, such as ticket.assigned.")
@click.option("--ticket", help="Only of this ticket: its number, or its id in the help desk.")
@click.option("--since", type=Moment(), help="Only from then on: a time, or 2h for two hours ago.")
@click.option("--until", type=Moment(), help="Only before then: a time, or 30m, 2h, 1d ago.")
@click.option("--limit", type=click.IntRange(1, _PAGE), default=50, show_default=True)
@click.option("--cursor", help="Go on where an earlier list ended.")
@flags.asking
def list_(as_json: bool, offline: bool, env_file: Path | None, **query: Any) -> None:
    """List events, newest first.

    \b
    What could not be read:  notifier events list --status unmapped
    """
    asked = {**query, "limit": str(query["limit"])}
    page = ask(env_file, offline, lambda client: client.get("/v1/events", asked))
    _LISTING.show(page, as_json=as_json)


def _row(event: Document) -> tuple[object, ...]:
    return (
        event["id"],
        explaining.moment(event["accepted_at"]).partition("-")[2],
        event["source"],
        event["type"],
        event["status"],
        _what(event),
    )


_LISTING = Listing(
    "events",
    ("ID", "ACCEPTED (UTC)", "SOURCE", "TYPE", "STATUS", "WHAT"),
    (0, 0, 6, 0, 0, 12),
    _row,
)


def _what(event: Document) -> str:
    ticket = event["ticket"]
    return event["note"] if ticket is None else f"{explaining.reference(ticket)} {ticket['title']}"


@command.command("show")
@click.argument("id_", metavar="ID")
@flags.asking
def show(id_: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Show one event: what it said, whom it told, and what to do next."""
    event = ask(env_file, offline, functools.partial(_found, id_))
    if as_json:
        output.document(event)
        return
    for line in _shown(event):
        output.say(line)


async def _found(id_: str, client: Client) -> Document:
    event = await _one(client.get(_path(id_)), id_)
    unread = event["ticket"] is None
    return {
        **event,
        "sentences": _of_unread(event) if unread else explaining.of_event(event),
        "next": _after_unread(event) if unread else explaining.after_event(event),
    }


async def _one(call: Awaitable[Document], id_: str) -> Document:
    try:
        return await call
    except CallFailed as error:
        # A source that is gone is absent too, and says so itself.
        if not is_absent(error) or _code(error) != "not_found":
            raise
        raise CallFailed(
            f"there is no event {id_}; notifier events list shows their ids", error.problem
        ) from error


def _code(error: CallFailed) -> object:
    return None if error.problem is None else error.problem.get("code")


def _path(id_: str) -> str:
    # Percent-encoded, so that no id becomes another path.
    return f"/v1/events/{quote(id_, safe='')}"


def _of_unread(event: Document) -> list[str]:
    if event["status"] == _UNMAPPED:
        return [f"The call could not be read: {event['note']}."]
    return [f"The call could not be read when it came. It was {event['note']}."]


def _after_unread(event: Document) -> str | None:
    if event["status"] != _UNMAPPED:
        return None
    return (
        f"Mend the source {event['source']} in notifier.toml and reload it, then: "
        f"notifier events replay {event['id']}"
    )


def _shown(event: Document) -> list[str]:
    ticket, assignee, actor = event["ticket"], event["assignee"], event["actor"]
    named = tables.pairs(
        [
            ("event", event["id"]),
            ("source", event["source"]),
            ("webhook id", event["webhook_id"]),
            ("type", event["type"]),
            ("status", event["status"]),
            ("ticket", None if ticket is None else _what(event)),
            ("assignee", None if assignee is None else explaining.name_of(assignee)),
            ("actor", None if actor is None else explaining.name_of(actor)),
            ("happened", f"{explaining.moment(event['occurred_at'])} UTC"),
            ("accepted", f"{explaining.moment(event['accepted_at'])} UTC"),
        ]
    )
    lines = [*named, "", *stories.lines(event, "")]
    for one in event["deliveries"]:
        to = f"{one['channel'] or 'nothing'} to {one['recipient'] or 'nobody'}"
        lines.append(f"{tables.tidy(to)}: {explaining.ended(one)} ({one['id']})")
    return lines


@command.command("replay")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--source", help="All that is unmapped of this help desk, oldest first.")
@flags.asking
def replay(
    ids: Sequence[str], source: str | None, as_json: bool, offline: bool, env_file: Path | None
) -> None:
    """Read calls again that could not be read, after their source was mended.

    Exit 1 when one still cannot be read. What it leads to offline leaves when the service runs
    again.
    """
    if bool(ids) == (source is not None):
        raise click.UsageError("write the ids of events, or --source and the name of one")
    done = ask(env_file, offline, functools.partial(_replayed, ids, source, said=not as_json))
    if as_json:
        output.document({"items": done})
    elif not done:
        output.say(f"Nothing of {tables.tidy(source)} is unmapped.")
    sys.exit(0 if all(_is_read(one) for one in done) else 1)


async def _replayed(
    ids: Sequence[str], source: str | None, client: Client, *, said: bool
) -> list[Document]:
    done = []
    for id_ in ids or await _unmapped_of(source, client):
        one = await _read_again(id_, client)
        done.append(one)
        if said:
            output.say(_said(one))
    return done


async def _unmapped_of(source: str | None, client: Client) -> list[str]:
    """Give the ids of what is unmapped, oldest first."""
    found: list[str] = []
    cursor = None
    while True:
        query = {"status": _UNMAPPED, "source": source, "limit": str(_PAGE), "cursor": cursor}
        page = await client.get("/v1/events", query)
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found[::-1]


async def _read_again(id_: str, client: Client) -> Document:
    """Give what became of one; what the service refuses is told among the others."""
    try:
        answer = await _one(client.post(f"{_path(id_)}/replay"), id_)
    except CallFailed as error:
        if error.problem is None or error.problem.get("code") not in _REFUSALS:
            raise
        return {"id": id_, "status": "refused", "note": str(error), "events": []}
    return {"id": id_, **{name: answer[name] for name in ("status", "note", "events")}}


_REFUSALS = ("not_found", "unknown_source", "wrong_state", "gone")


def _is_read(one: Document) -> bool:
    return one["status"] not in (_UNMAPPED, "refused")


def _said(one: Document) -> str:
    if not _is_read(one):
        return f"{one['id']}: {tables.tidy(one['status'])}: {tables.tidy(one['note'])}"
    read_as = f" as {', '.join(one['events'])}" if one["events"] else ""
    return f"{one['id']}: {tables.tidy(one['status'])}{read_as}"
