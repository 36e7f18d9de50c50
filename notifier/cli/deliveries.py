"""`notifier deliveries`: what was sent to whom, one by one, and what an operator may change.

Takes filters or an id, gives rows or the story of one delivery. Refuses (exit 1) what the
service refuses: an id that leads to nothing, a delivery whose state does not allow the change.
"""

import functools
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from notifier.cli import explaining, flags, output, stories, tables
from notifier.cli.client import Client, ask, found
from notifier.cli.lists import Listing
from notifier.cli.moments import Moment
from notifier.cli.output import Document
from notifier.model.states import State


@click.group()
def command() -> None:
    """Look at deliveries, try one again, or take one back.

    A delivery is one notice for one person on one channel. Its states: pending, sending, unknown,
    sent, delivered, undelivered, failed, expired, suppressed, cancelled, merged.
    """


@command.command("list")
@click.option(
    "--state",
    "state",
    multiple=True,
    metavar="STATE",
    type=click.Choice([state.value for state in State]),
    help="Only in this state, such as failed or pending; repeat it for several.",
)
@click.option("--recipient", help="Only to this address, as the list shows it.")
@click.option("--channel", help="Only on this channel: email or sms.")
@click.option("--ticket", help="Only of this ticket: its number, or its id in the help desk.")
@click.option("--source", help="Only from this help desk.")
@click.option("--since", type=Moment(), help="Only from then on: a time, or 2h for two hours ago.")
@click.option("--until", type=Moment(), help="Only before then: a time, or 30m, 2h, 1d ago.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="Go on where an earlier list ended.")
@flags.asking
def list_(as_json: bool, offline: bool, env_file: Path | None, **query: Any) -> None:
    """List deliveries, newest first.

    \b
    What went wrong today:  notifier deliveries list --state failed --state expired --since 24h
    One person's:           notifier deliveries list --recipient john@example.com
    """
    asked = {**query, "limit": str(query["limit"])}
    page = ask(env_file, offline, lambda client: client.get("/v1/deliveries", asked))
    _LISTING.show(page, as_json=as_json)


def _row(delivery: Document) -> tuple[object, ...]:
    ticket = delivery["ticket"]
    return (
        delivery["id"],
        # Without the year: the newest come first, and the ticket needs the room.
        explaining.moment(delivery["created_at"]).partition("-")[2],
        f"{explaining.reference(ticket)} {ticket['title']}",
        delivery["channel"],
        delivery["recipient"],
        explaining.ended(delivery),
    )


_LISTING = Listing(
    "deliveries",
    ("ID", "CREATED (UTC)", "TICKET", "CHANNEL", "RECIPIENT", "STATE"),
    (0, 0, 8, 0, 12, 0),
    _row,
)


@command.command("show")
@click.argument("id_", metavar="ID")
@flags.asking
def show(id_: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Show one delivery: its attempts, its message, and what to do next."""
    delivery = ask(env_file, offline, functools.partial(_found, id_))
    if as_json:
        output.document(delivery)
        return
    for line in _shown(delivery):
        output.say(line)


async def _found(id_: str, client: Client) -> Document:
    return await stories.explained(await _one(client.get(_path(id_)), id_), client)


async def _one(call: Awaitable[Document], id_: str) -> Document:
    absent = f"there is no delivery {id_}; notifier deliveries list shows their ids"
    return await found(call, absent)


def _path(id_: str) -> str:
    # Percent-encoded, so that no id becomes another path.
    return f"/v1/deliveries/{quote(id_, safe='')}"


def _shown(delivery: Document) -> list[str]:
    ticket, person = delivery["ticket"], delivery["person"]
    named = tables.pairs(
        [
            ("delivery", delivery["id"]),
            ("event", delivery["event_id"]),
            ("ticket", f"{explaining.reference(ticket)} {ticket['title']}"),
            ("person", person["name"]),
            ("recipient", delivery["recipient"]),
            ("channel", delivery["channel"]),
            ("priority", delivery["priority"]),
            ("state", explaining.ended(delivery)),
            ("created", f"{explaining.moment(delivery['created_at'])} UTC"),
        ]
    )
    return [*named, "", *stories.lines(delivery, "")]


@command.command("retry")
@click.argument("id_", metavar="ID")
@flags.asking
def retry(id_: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Try one again that was not sent, with a new deadline.

    It may be failed, expired, suppressed, cancelled or undelivered. Offline it leaves when the
    service runs again.
    """
    _change(id_, "retry", as_json, env_file, offline)


@command.command("cancel")
@click.argument("id_", metavar="ID")
@flags.asking
def cancel(id_: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Take one back that has not left yet.

    One that is being sent at this moment is taken back unless the provider takes it: sent wins.
    """
    _change(id_, "cancel", as_json, env_file, offline)


def _change(id_: str, verb: str, as_json: bool, env_file: Path | None, offline: bool) -> None:
    delivery = ask(env_file, offline, lambda client: _one(client.post(f"{_path(id_)}/{verb}"), id_))
    if as_json:
        output.document(delivery)
        return
    output.say(f"{delivery['id']} is {explaining.ended(delivery)}")
    if verb == "cancel" and delivery["finished_at"] is None:
        output.say("It is with the provider; if it is not taken, it is cancelled and not retried.")
    output.say(f"See what becomes of it: notifier deliveries show {delivery['id']}")
