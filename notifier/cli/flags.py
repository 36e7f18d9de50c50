"""The options that many commands share, without anything that is slow to load.

Takes a command, gives it with one more option. Refuses nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

AS_JSON = "--json"


def env_file(command: Command) -> Command:
    """Add `--env-file`."""
    return click.option(
        "--env-file",
        type=click.Path(path_type=Path),
        help="Read settings from this file instead of .env.",
    )(command)


def as_json(command: Command) -> Command:
    """Add `--json`."""
    return click.option(
        AS_JSON, "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(command)


def asking(command: Command) -> Command:
    """Add what every command has that speaks to the service: --json, --offline, --env-file."""
    return as_json(offline(env_file(command)))


def offline(command: Command) -> Command:
    """Add `--offline`."""
    return click.option(
        "--offline",
        is_flag=True,
        help="Open the store itself, while no service runs, instead of asking the service.",
    )(command)
