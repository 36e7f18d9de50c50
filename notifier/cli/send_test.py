"""`notifier send-test`: one message to see whether a channel works, by the way that all take.

Takes a channel and an address, gives what became of the message. Refuses (exit 1) when it was
not sent: with --wait also what is still open after a minute.
"""

import asyncio
import sys
import time
from pathlib import Path

import click

from notifier.cli import explaining, flags, output, stories
from notifier.cli.client import Client, ask
from notifier.cli.output import Document
from notifier.model.states import OPEN, SPEAKING, State

_PATIENCE = 60.0
_LOOK = 0.25


@click.command()
@click.argument("channel")
@click.argument("to")
@click.option("--wait", is_flag=True, help="Wait up to a minute for what becomes of it.")
@flags.asking
def command(
    channel: str, to: str, wait: bool, as_json: bool, offline: bool, env_file: Path | None
) -> None:
    """Send a test message, and see whether a channel works.

    CHANNEL is email or sms, TO an address or a number. It passes through the same store, limits,
    templates and channel as every notice. Offline it leaves when the service runs again.
    """
    if wait and offline:
        raise click.UsageError("--wait needs the running service: without one nothing is sent")
    delivery = ask(env_file, offline, lambda client: _sent(client, channel, to, wait))
    if as_json:
        output.document(delivery)
    else:
        _show(delivery)
    wanted = SPEAKING - OPEN if wait else SPEAKING
    sys.exit(0 if delivery["state"] in wanted else 1)


async def _sent(client: Client, channel: str, to: str, wait: bool) -> Document:
    planned = await client.post("/v1/test", {"channel": channel, "to": to})
    address = f"/v1/deliveries/{planned['id']}"
    delivery = await client.get(address)
    until = time.monotonic() + _PATIENCE
    while wait and delivery["state"] in OPEN and time.monotonic() < until:
        await asyncio.sleep(_LOOK)
        delivery = await client.get(address)
    return await stories.explained(delivery, client)


def _show(delivery: Document) -> None:
    output.say(f"{delivery['id']} is {explaining.ended(delivery)}")
    for line in stories.lines(delivery, ""):
        output.say(line)
    if delivery["state"] in OPEN and delivery["state"] != State.UNKNOWN:
        output.say(f"See what becomes of it: notifier deliveries show {delivery['id']}")
