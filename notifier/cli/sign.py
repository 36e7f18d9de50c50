"""`notifier sign`: the headers that make a body acceptable.

Takes a file, gives the three headers of Standard Webhooks, or a whole curl command. Refuses
nothing: what the body says is the receiver's matter.
"""

import secrets
import shlex
import sys
import time
from pathlib import Path
from typing import BinaryIO

import click

from notifier.cli import options, output
from notifier.sources import headers


def fresh_id() -> str:
    """Give a webhook id that no other call has."""
    return f"msg_{secrets.token_hex(12)}"


@click.command()
@click.argument("body_file", type=click.File("rb"))
@click.option(
    "--id",
    "webhook_id",
    type=options.WebhookId(),
    help="The webhook-id; a fresh one if not given.",
)
@click.option("--curl", is_flag=True, help="Print a curl command that posts the file.")
@options.env_file
def command(body_file: BinaryIO, webhook_id: str | None, curl: bool, env_file: Path | None) -> None:
    """Sign BODY_FILE (- for standard input) with WEBHOOK_SECRET and print the headers."""
    settings = options.settings(env_file)
    made = headers.signed(
        options.secret(settings), webhook_id or fresh_id(), int(time.time()), body_file.read()
    )
    if not curl:
        for name, value in made.items():
            output.say(f"{name}: {value}")
        return
    name = "-" if body_file.name == sys.stdin.buffer.name else body_file.name
    parts = ["curl", "--max-time", "10", "--data-binary", f"@{name}"]
    for name, value in made.items():
        parts += ["-H", f"{name}: {value}"]
    output.say(shlex.join([*parts, f"{options.url(settings)}/webhooks"]))
