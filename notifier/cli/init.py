"""`notifier init`: the first `.env`.

Takes the explained example, gives a `.env` in the working directory with fresh secrets, readable
by its owner only. Refuses to touch one that is there.
"""

import base64
import os
import re
import secrets
import sys
from importlib import resources
from pathlib import Path

import click

from notifier.cli import output
from notifier.settings.reading import ENV_FILE

_MODE = 0o600
_KEY_BYTES = 32

_NEXT = """\
Wrote {path}, with a fresh WEBHOOK_SECRET and API_TOKENS. Next:
  1. fill in SMTP_USER, SMTP_PASSWORD and FROM_EMAIL
  2. notifier check
  3. notifier serve
  4. notifier emit ticket.assigned --to YOUR-ADDRESS"""


@click.command()
def command() -> None:
    """Write a .env with fresh secrets into this folder."""
    path = Path(ENV_FILE)
    try:
        # Created with its final mode, so that the secrets are never readable to others.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    except FileExistsError:
        output.complain(f"notifier: {path} is already there and was left as it is")
        sys.exit(1)
    except OSError as error:
        output.complain(f"notifier: {path} cannot be written: {error.strerror}")
        sys.exit(1)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(_filled(_example()))
    output.say(_NEXT.format(path=path))


def _example() -> str:
    shipped = resources.files("notifier") / "env.example"
    if shipped.is_file():
        return shipped.read_text(encoding="utf-8")
    # A checkout keeps the one copy where people look for it.
    return (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")


def _filled(example: str) -> str:
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    fresh = {"WEBHOOK_SECRET": f"whsec_{key}", "API_TOKENS": secrets.token_urlsafe(_KEY_BYTES)}
    for name, value in fresh.items():
        example = re.sub(f"(?m)^{name}=.*$", f"{name}={value}", example)
    return example
