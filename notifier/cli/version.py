"""`notifier version`."""

import click

from notifier import __version__
from notifier.cli import flags, output


@click.command()
@flags.as_json
def command(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        output.document({"version": __version__})
    else:
        output.say(f"notifier {__version__}")
