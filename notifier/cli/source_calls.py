"""`notifier sources calls NAME`: the last calls of a help desk, and what became of each.

Takes a name, gives a paragraph for each call, newest first. Refuses (exit 1) a name that nobody
has.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from notifier.cli import explaining, flags, output, tables
from notifier.cli.client import Client, ask, of_source
from notifier.cli.output import Document

_LONGEST_BODY = 20_000


@click.command("calls")
@click.argument("name")
@click.option("-v", "--verbose", is_flag=True, help="Show headers and bodies too.")
@flags.as_json
@flags.env_file
def command(name: str, verbose: bool, as_json: bool, env_file: Path | None) -> None:
    """Show the last 20 calls of a source: when, what became of it, and exactly why not.

    The running service keeps them in memory for a day; what is secret in them is hidden.
    """
    found = ask(env_file, False, lambda client: calls(client, name))
    if as_json:
        output.document(found)
        return
    if not found["items"]:
        output.say(f"{name} has not called since the service was started.")
        return
    for call in found["items"]:
        for line in lines(call, verbose=verbose):
            output.say(line)


async def calls(client: Client, name: str) -> Document:
    """Give the last calls of a source; raises CallFailed when nobody has that name."""
    return await of_source(client, name, "/calls")


def lines(call: Document, *, verbose: bool) -> Iterator[str]:
    """Tell one call."""
    client = f" from {call['client']}" if call["client"] else ""
    yield (
        f"{explaining.moment(call['at'])} UTC  {call['outcome']}  {call['status']}  "
        f"{call['method']}, {call['body_bytes']} bytes{client}"
    )
    if call["cause"]:
        yield from tables.paragraph(tables.tidy(call["cause"]), "    ", "    ")
    if call["events"]:
        yield f"    {', '.join(call['events'])}"
    if verbose:
        yield from _whole(call)


def _whole(call: Document) -> Iterator[str]:
    if call["tail"]:
        yield f"    / {tables.tidy(call['tail'])}"
    if call["query"]:
        yield f"    ? {tables.tidy(call['query'])}"
    for header in call["headers"]:
        yield f"    {tables.tidy(header['name'])}: {tables.tidy(header['value'])}"
    yield ""
    for line in call["body"][:_LONGEST_BODY].splitlines():
        yield f"    {tables.tidy(line, _LONGEST_BODY)}"
    yield ""
