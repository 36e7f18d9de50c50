"""`notifier version`."""

import click

from notifier import __version__


@click.command()
def command() -> None:
    """Print the version."""
    click.echo(f"notifier {__version__}")
