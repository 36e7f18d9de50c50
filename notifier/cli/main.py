"""The command and what it is made of.

Takes arguments, gives an exit status: 0 done, 1 failed, 2 wrong usage or settings.
"""

import importlib
import sys
from io import TextIOWrapper

import click

from notifier.cli import output
from notifier.model.errors import ConfigurationError, NotifierError

COMMANDS = ("serve", "demo", "init", "emit", "sign", "version")


class _Commands(click.Group):
    """Imports a command's module when it is asked for, so that small ones start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"notifier.cli.{cmd_name}").command
        return found if isinstance(found, click.Command) else None


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def _notifier() -> None:
    """Takes signed webhooks from any help desk and tells the right person by email and SMS."""


def main() -> None:
    """Run the command line; ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a bullet shows a question mark instead.
            stream.reconfigure(errors="replace")
    try:
        _notifier(prog_name="notifier")
    except ConfigurationError as error:
        _fail(error, 2)
    except NotifierError as error:
        _fail(error, 1)


def _fail(error: NotifierError, status: int) -> None:
    for line in str(error).splitlines():
        output.complain(f"notifier: {line}")
    sys.exit(status)
