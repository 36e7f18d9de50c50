"""A notifier.toml in a folder, and what is read from it."""

import re
from pathlib import Path

from notifier.app.config_file import ConfigFile, Configuration
from notifier.app.secret_places import Places
from notifier.model.errors import ConfigurationError
from tests.unit.app.running import in_folder

KEY = "a-secret-of-the-help-desk-0123456789"

OWN = """\
[sources.desk]
secrets = ["{secret}"]
auth = [{{ scheme = "hmac", header = "x-signature" }}]
[sources.desk.map.events]
"ticket.assigned" = "body.action == 'assigned'"
[sources.desk.map.fields]
"ticket.id" = "body.id"
"assignee.email" = "body.to"
"""


def own(secret: str = KEY) -> str:
    """Give a source that signs with HMAC-SHA256."""
    return OWN.format(secret=secret)


def file(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> ConfigFile:
    """Write a notifier.toml, and give what reads it."""
    path = folder / "notifier.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(0o600)
    given = in_folder(folder, CONFIG_FILE=str(path), WEBHOOK_SECRET="")
    return ConfigFile(given, Places(environ or {}, folder / ".env"))


def read(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Configuration:
    """Read such a file; there is an empty .env beside it, unless somebody wrote one."""
    (folder / ".env").touch()
    return file(folder, text, environ).read()


def faults(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """Give the faults of such a file, without its path."""
    try:
        read(folder, text, environ)
    except ConfigurationError as error:
        start = re.compile(re.escape(str(folder / "notifier.toml")) + r"(:[0-9]+)?: ")
        lines = str(error).splitlines()
        assert all(start.match(line) for line in lines)
        return [start.sub("", line, count=1) for line in lines]
    return []
