"""`notifier openapi`: the contract of the HTTP API, as the running service serves it.

Takes nothing, gives the document in YAML. Refuses nothing.
"""

import click

from notifier.cli import output
from notifier.web import document


@click.command()
def command() -> None:
    """Print the OpenAPI document of the HTTP API.

    It is YAML, the same as the service gives at /openapi.yaml.
    """
    output.say(document.content().decode().rstrip("\n"))
