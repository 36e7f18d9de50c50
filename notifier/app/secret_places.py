"""The secrets that notifier.toml refers to: `env:NAME`, `file:PATH`, or the text itself.

Takes a reference, gives the secret. Refuses (ConfigurationError) one that is not there, cannot be
read or is empty; the text names the place, and never repeats what it holds.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from notifier.model.errors import ConfigurationError
from notifier.settings import reading

LARGEST = 64 * 1024
_ENV, _FILE = "env:", "file:"


@dataclass(frozen=True, slots=True)
class Places:
    """Where `env:NAME` is looked for; `env_file` None means `.env`, if it is there."""

    environ: Mapping[str, str] = field(repr=False)
    env_file: Path | None = None


def is_text(reference: str) -> bool:
    """Tell whether this is the secret itself, not a place."""
    return not reference.startswith((_ENV, _FILE))


class Secrets:
    """What one source refers to; every place is read when it is asked for, never before."""

    def __init__(self, places: Places, folder: Path) -> None:
        """`folder` is that of notifier.toml, from which paths begin."""
        self._places = places
        self._folder = folder
        self._found: dict[str, bytes] = {}

    def resolve(self, reference: str) -> str:
        """Give the secret behind a reference."""
        if reference.startswith(_ENV):
            text = self._named(reference.removeprefix(_ENV))
        elif reference.startswith(_FILE):
            text = self._written(reference.removeprefix(_FILE))
        else:
            text = reference
        if not text.strip():
            raise ConfigurationError("a secret is empty; write it, env:NAME or file:PATH")
        try:
            self._found[reference] = text.encode()
        except UnicodeEncodeError:
            raise ConfigurationError(f"{reference} holds no text in UTF-8") from None
        return text

    def read_file(self, path: str) -> bytes:
        """Give the content of a file that a source names, such as a key set."""
        content = self._content(path)
        self._found[path] = content
        return content

    def digest(self) -> bytes:
        """Give what changes when anything that was found does."""
        return hashlib.sha256(repr(sorted(self._found.items())).encode()).digest()

    def _named(self, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ConfigurationError("env: write the name of a variable, such as env:ZAMMAD_SECRET")
        written = reading.gather(self._places.environ, self._places.env_file, (name,))
        if written.faults:
            raise ConfigurationError("; ".join(written.faults))
        if not written.values.get(name):
            raise ConfigurationError(
                f"env:{name} is not set; set {name} in the environment or .env, or {name}_FILE"
            )
        return written.values[name]

    def _written(self, path: str) -> str:
        try:
            text = self._content(path).decode().strip()
        except UnicodeDecodeError:
            raise ConfigurationError(f"file:{path} holds no text in UTF-8") from None
        if not text:
            raise ConfigurationError(f"file:{path} is empty; write the secret into it")
        return text

    def _content(self, path: str) -> bytes:
        whole = self._folder / path
        try:
            # Opening a pipe would wait for whoever writes to it, perhaps for ever.
            if whole.exists() and not whole.is_file():
                raise ValueError("it is no file")
            with whole.open("rb") as file:
                content = file.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is no file"
            raise ConfigurationError(f"file:{path} cannot be read: {said} ({whole})") from None
        if len(content) > LARGEST:
            raise ConfigurationError(f"file:{path} is larger than 64 KiB")
        return content
