"""What a command says.

Takes a line or several, gives them to whoever reads. Refuses nothing: what a terminal cannot
show becomes a question mark (`main` sets its streams up for that).
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click

Document = dict[str, Any]


def say(text: str) -> None:
    """Write to standard output."""
    # Named, because click by itself would write UTF-8 even to a terminal that knows only ASCII.
    click.echo(text, file=sys.stdout)


def complain(text: str) -> None:
    """Write to standard error."""
    click.echo(text, file=sys.stderr)


def document(value: Mapping[str, object]) -> None:
    """Write the one JSON document of a command to standard output, in ASCII."""
    say(json.dumps(value, indent=2))
