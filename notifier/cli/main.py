"""The command and what it is made of.

Takes arguments, gives an exit status: 0 done, 1 failed, 2 wrong usage or settings. With --json
a failure is a JSON document on standard output too.
"""

import importlib
import sys
from collections.abc import Mapping
from io import TextIOWrapper

import click

from notifier.cli import flags, output
from notifier.model.errors import CallFailed, ConfigurationError, NotifierError

COMMANDS = (
    "serve",
    "demo",
    "init",
    "check",
    "emit",
    "sign",
    "send-test",
    "sources",
    "connect",
    "deliveries",
    "people",
    "events",
    "why",
    "store",
    "health",
    "openapi",
    "version",
)

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _Commands(click.Group):
    """Imports a command's module when it is asked for, so that small ones start at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        found = importlib.import_module(f"notifier.cli.{name}").command
        return found if isinstance(found, click.Command) else None


@click.command(cls=_Commands, context_settings=_CONTEXT)
def _notifier() -> None:
    """Takes signed webhooks from any help desk and tells the right person by email and SMS."""


def main() -> None:
    """Run the command line; ends the process."""
    _suit_any_terminal()
    try:
        # Not standalone: click would end the process before a failure became JSON.
        status = _notifier.main(prog_name="notifier", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        _end(error.format_message(), error.exit_code)
    except click.Abort:
        output.complain("notifier: interrupted")
        _end("interrupted", 1)
    except ConfigurationError as error:
        _fail(error, 2)
    except CallFailed as error:
        _fail(error, 1, error.problem)
    except NotifierError as error:
        _fail(error, 1)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _suit_any_terminal() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a bullet shows a question mark instead.
            stream.reconfigure(errors="replace")


def _fail(error: NotifierError, status: int, problem: Mapping[str, object] | None = None) -> None:
    for line in str(error).splitlines():
        output.complain(f"notifier: {line}")
    _end(str(error), status, problem)


def _end(detail: str, status: int, problem: Mapping[str, object] | None = None) -> None:
    if flags.AS_JSON in sys.argv[1:]:
        output.document(problem or {"status": None, "detail": detail})
    sys.exit(status)
