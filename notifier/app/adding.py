"""One more table in notifier.toml, and its secret in a file of its own.

Takes a name, a preset and what it needs; leaves the rest of the file as it is, byte for byte.
Refuses (ConfigurationError) a name that is taken, a secret that is there, and what the file could
not be read with; then everything is as it was.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from notifier.app.config_file import ConfigFile
from notifier.app.secret_places import Places
from notifier.model.errors import ConfigurationError
from notifier.settings.settings import CONFIG_FILE, Settings

_FOLDER = "secrets"


@dataclass(frozen=True, slots=True)
class Table:
    """What to write; `secret` is a reference to one, None where the source has none."""

    name: str
    preset: str
    desk_url: str | None = None
    public_url: str | None = None
    secret: str | None = None

    def text(self) -> str:
        """Give it as TOML."""
        keys = {"preset": self.preset, "desk_url": self.desk_url, "public_url": self.public_url}
        lines = [f"[sources.{self.name}]"]
        # A text in JSON's quotes is one in TOML too.
        lines += [f"{key} = {json.dumps(text)}" for key, text in keys.items() if text]
        if self.secret is not None:
            lines.append(f"secrets = [{json.dumps(self.secret)}]")
        return "\n".join(lines) + "\n"


class Adding:
    """The file as it was found, and what is added to it."""

    def __init__(self, settings: Settings, places: Places) -> None:
        """Raises ConfigurationError when the file, if there is one, is wrong already."""
        self.path = settings.configuration or Path(CONFIG_FILE)
        there = self.path.exists()
        self._before = ConfigFile(settings, places if there else None).read()
        self._settings = settings.model_copy(update={"config_file": str(self.path)})
        self._places = places

    def check_name(self, name: str) -> None:
        """Raise ConfigurationError when there is a source of this name."""
        if name in self._before.definitions:
            raise ConfigurationError(
                f"{self.path}: there is a source {name} already; take another name with --name, or "
                f"look at it with: notifier sources show {name}"
            )

    def keep(self, name: str, secret: str) -> str:
        """Write a secret to a file that its owner alone may read; gives the reference to it."""
        folder = self.path.parent / _FOLDER
        path = folder / name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise ConfigurationError(
                f"{path} is there already and was left as it is; remove it, or take another name"
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from None
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{secret}\n")
        return f"file:{_FOLDER}/{name}"

    def forget(self, name: str) -> None:
        """Remove a secret that was kept in vain."""
        (self.path.parent / _FOLDER / name).unlink(missing_ok=True)

    def append(self, table: Table) -> None:
        """Write the table behind everything else; raises ConfigurationError."""
        try:
            there = self.path.exists()
            old = self.path.read_bytes() if there else b""
            gap = b"" if not old else b"\n" if old.endswith(b"\n") else b"\n\n"
            with self.path.open("ab") as file:
                file.write(gap + table.text().encode())
        except OSError as error:
            said = f"{self.path} cannot be written: {error.strerror}"
            raise ConfigurationError(said) from None
        try:
            ConfigFile(self._settings, self._places).read()
        except ConfigurationError:
            if there:
                os.truncate(self.path, len(old))
            else:
                self.path.unlink()
            raise
