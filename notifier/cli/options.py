"""What several commands take and say alike.

Takes a command's options, gives settings. Refuses settings that cannot work.
"""

import os
import re
from pathlib import Path
from typing import Any

import click

from notifier.app.secret_places import Places
from notifier.cli import output, place
from notifier.cli.flags import as_json as as_json
from notifier.cli.flags import env_file as env_file
from notifier.model.errors import ConfigurationError
from notifier.model.times import Millis
from notifier.settings import values
from notifier.settings.settings import Settings, load
from notifier.sources.secrets import Secret, parse


def settings(path: Path | None, **given: str | None) -> Settings:
    """Load the settings; what was given as an option wins. Warnings go to standard error."""
    loaded, warnings = read(path, **given)
    for warning in warnings:
        output.complain(f"notifier: warning: {warning}")
    return loaded


def read(path: Path | None, **given: str | None) -> tuple[Settings, list[str]]:
    """Load the settings as `settings` does, and give the warnings too."""
    overrides = {name.upper(): text for name, text in given.items() if text is not None}
    files = {f"{name}_FILE" for name in overrides}
    written = {name: text for name, text in os.environ.items() if name not in files}
    return load({**written, **overrides}, path)


def places(path: Path | None) -> Places:
    """Give where secrets may be that notifier.toml refers to."""
    return Places(os.environ, path)


def secret(loaded: Settings) -> Secret:
    """Give the secret that signs; raises ConfigurationError when there is none."""
    known = parse(loaded.webhook_secret.get_secret_value())
    if not known:
        raise ConfigurationError("WEBHOOK_SECRET: not set; run notifier init, or set it")
    return known[0]


def url(loaded: Settings) -> str:
    """Give where the running service is: NOTIFIER_URL, else what the settings say.

    Raises ConfigurationError when NOTIFIER_URL is no address.
    """
    return place.of(loaded.host, loaded.port)


class WebhookId(click.ParamType[str]):
    """A webhook-id: 1 to 255 printable ASCII characters, as the service takes them."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it; fails with what would be right."""
        if not re.fullmatch(r"[ -~]{1,255}", str(value)):
            self.fail("write 1 to 255 printable ASCII characters", param, ctx)
        return str(value)


class Duration(click.ParamType[Millis]):
    """A duration as settings write it: `30s`, or `0s` for none."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Millis:
        """Read it; fails with what would be right."""
        try:
            return values.span(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
