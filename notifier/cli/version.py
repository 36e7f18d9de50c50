"""`notifier version`."""

import click

from notifier import __version__
from notifier.cli import output


@click.command()
def command() -> None:
    """Print the version."""
    output.say(f"notifier {__version__}")
