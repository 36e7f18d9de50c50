"""`notifier people`: the directory of who can be told.

Takes filters, ids, addresses or a table, gives people and what came of a change. Refuses (exit 1)
what the service refuses: an id that leads to nobody, an address that is not valid, a key that is
somebody else's, and a table of which a row could not be taken.
"""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from notifier.cli import flags, output, tables
from notifier.cli.client import Client, ask, found
from notifier.cli.lists import Listing
from notifier.cli.output import Document

_MOST_SHOWN = 50

_ERASING = 3600.0
"""Seconds; the whole file may have to be built anew."""


@click.group()
def command() -> None:
    """Keep the people whom help desks name by an id only: addresses, language, time zone."""


@command.command("list")
@click.option("--email", help="Only whom this address leads to.")
@click.option("--source", help="Only whom this help desk knows.")
@click.option("--id", "id_", help="Only whom a help desk knows by this id.")
@click.option("--login", help="Only whom a help desk knows by this login.")
@click.option("--query", "q", help="Only whose name begins like this.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="Go on where an earlier list ended.")
@flags.asking
def list_(
    as_json: bool, offline: bool, env_file: Path | None, id_: str | None, **query: Any
) -> None:
    """List people, newest first. An id that begins with per_ was named, and never entered."""
    asked = {**query, "id": id_, "limit": str(query["limit"])}
    page = ask(env_file, offline, lambda client: client.get("/v1/people", asked))
    _LISTING.show(page, as_json=as_json)


def _row(person: Document) -> tuple[object, ...]:
    return (
        person["id"],
        person["name"],
        " ".join(person["emails"]),
        " ".join(person["phones"]),
        " ".join(_known_as(person)),
    )


_LISTING = Listing(
    "people",
    ("ID", "NAME", "EMAIL", "PHONE", "KNOWN AS"),
    (0, 8, 12, 0, 8),
    _row,
)


def _known_as(person: Document) -> list[str]:
    return [
        f"{one['source']}:{name}"
        for one in person["sources"]
        for name in (one["id"], one["login"])
        if name is not None
    ]


@command.command("show")
@click.argument("id_", metavar="ID")
@flags.asking
def show(id_: str, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Show one person."""
    person = ask(env_file, offline, lambda client: _one(client.get(_path(id_)), id_))
    _say(person, as_json)


@command.command("set")
@click.argument("id_", metavar="ID")
@click.option("--name", help="What messages call the person.")
@click.option("--email", "emails", multiple=True, help="An address; repeat it, the first is used.")
@click.option("--phone", "phones", multiple=True, help="A number; repeat it, the first is used.")
@click.option("--locale", help="The language, such as en or pt-BR.")
@click.option("--time-zone", help="Such as Europe/Lisbon.")
@click.option(
    "--source", "ids", multiple=True, metavar="SOURCE:ID", help="A help desk and its id for them."
)
@click.option(
    "--login", "logins", multiple=True, metavar="SOURCE:LOGIN", help="The same with a login."
)
@flags.asking
def set_(id_: str, as_json: bool, offline: bool, env_file: Path | None, **given: Any) -> None:
    """Enter a person, or change what is given of one.

    ID is your own name for the person, or the per_… of somebody whom a help desk named. What is
    not given stays; an id or a login replaces those of its help desk.

    \b
    notifier people set ana --source zammad:4711 --email ana@example.com
    """
    body = _body(given)
    person = ask(
        env_file, offline, lambda client: _one(client.send("PATCH", _path(id_), json=body), id_)
    )
    _say(person, as_json)


def _body(given: dict[str, Any]) -> Document:
    sources = [_named("id", text) for text in given["ids"]]
    sources += [_named("login", text) for text in given["logins"]]
    texts = {name: given[name] for name in ("name", "locale", "time_zone")}
    lists = {"emails": list(given["emails"]), "phones": list(given["phones"]), "sources": sources}
    body = {name: value for name, value in texts.items() if value is not None}
    return {**body, **{name: values for name, values in lists.items() if values}}


def _named(kind: str, text: str) -> Document:
    source, colon, name = text.partition(":")
    if not colon or not source or not name:
        option = "--source" if kind == "id" else "--login"
        raise click.BadParameter(f"{option} {text}: write SOURCE:NAME, such as zammad:4711")
    return {"source": source, kind: name}


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would come of it.")
@flags.asking
def import_(file: Path, dry_run: bool, as_json: bool, offline: bool, env_file: Path | None) -> int:
    """Enter a table of people: CSV with a line that names the columns.

    \b
    id,name,email,phone,locale,time_zone,zammad:id,jira:login
    ana,Ana Silva,ana@example.com,+14155550123,pt,Europe/Lisbon,4711,asilva

    Only id is needed. Exit 1 when a row could not be taken; the others were.
    """
    path = "/v1/people/import" + ("?dry_run=true" if dry_run else "")
    content = file.read_bytes()
    headers = {"content-type": "text/csv"}
    done = ask(
        env_file,
        offline,
        lambda client: client.send("POST", path, content=content, headers=headers),
    )
    if as_json:
        output.document(done)
    else:
        _say_imported(done, dry_run)
    return 1 if done["failed"] else 0


def _say_imported(done: Document, dry_run: bool) -> None:
    for fault in done["errors"][:_MOST_SHOWN]:
        column = f", {fault['column']}" if fault["column"] else ""
        output.complain(tables.tidy(f"row {fault['row']}{column}: {fault['message']}"))
    left_out = len(done["errors"]) - _MOST_SHOWN
    if left_out > 0:
        output.complain(f"and {left_out} more, which --json lists")
    counts = ", ".join(
        f"{done[name]} {name}" for name in ("created", "updated", "unchanged", "failed")
    )
    output.say(f"{'It would be: ' if dry_run else ''}{counts}")


@command.command("erase")
@click.argument("id_", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@flags.asking
def erase(id_: str, yes: bool, as_json: bool, offline: bool, env_file: Path | None) -> None:
    """Erase a person everywhere: addresses, names, and every event that names them."""
    if not yes:
        click.confirm(
            f"Erase {id_} from the directory and from all history? This cannot be undone",
            abort=True,
            err=True,
        )
    done = ask(env_file, offline, lambda client: erased(client, id_))
    if as_json:
        output.document(done)
        return
    output.say(f"{id_} is erased. Backups keep what they hold.")


async def erased(client: Client, id_: str) -> Document:
    """Erase a person, however long a large store takes for it."""
    return await _one(client.send("DELETE", _path(id_), timeout=_ERASING), id_)


def _say(person: Document, as_json: bool) -> None:
    if as_json:
        output.document(person)
        return
    lines = tables.pairs(
        [
            ("person", person["id"]),
            ("name", person["name"]),
            ("email", " ".join(person["emails"]) or None),
            ("phone", " ".join(person["phones"]) or None),
            ("locale", person["locale"]),
            ("time zone", person["time_zone"]),
            ("known as", " ".join(_known_as(person)) or None),
        ]
    )
    for line in lines:
        output.say(line)


async def _one(call: Awaitable[Document], id_: str) -> Document:
    absent = f"there is no person {id_}; notifier people list shows their ids"
    return await found(call, absent)


def _path(id_: str) -> str:
    # Percent-encoded, so that no id becomes another path.
    return f"/v1/people/{quote(id_, safe='')}"
