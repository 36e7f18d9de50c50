"""The file of the help desks, `notifier.toml`: read whole, every fault at once.

Takes settings and the places of secrets, gives sources by name. Refuses (ConfigurationError) a file
that cannot be used, with one line for each fault: `notifier.toml:7: sources.zammad.auth.0: …`.
Reads files, so that a running service asks for it outside of its loop.
"""

import difflib
import hashlib
import os
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from notifier.app import source_safety, translation
from notifier.app.secret_places import Places, Secrets
from notifier.app.toml_places import line_of
from notifier.model.errors import ConfigurationError
from notifier.settings.settings import Settings
from notifier.sources import authenticating, challenge, definition
from notifier.sources.configured import ConfiguredSource
from notifier.sources.definition import Definition
from notifier.sources.mapping import Mapper
from notifier.web.webhooks import DEFAULT_SOURCE, Desk

LARGEST = 1024**2
RESERVED = "internal"
"""The source of test messages; nobody may post to it."""

_TOP = "sources"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was read: `digests` tell which source changed, `warnings` stop nothing."""

    path: Path | None
    sources: Mapping[str, Desk]
    definitions: Mapping[str, Definition] = field(default_factory=dict, repr=False)
    digests: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()

    def changed_since(self, before: "Configuration") -> tuple[str, ...]:
        """Give the names of the sources that are new, gone, or not what they were."""
        names = self.digests.keys() | before.digests.keys()
        return tuple(
            sorted(name for name in names if self.digests.get(name) != before.digests.get(name))
        )


class ConfigFile:
    """Knows where the file is, and where the secrets are that it refers to."""

    def __init__(self, settings: Settings, places: Places | None = None) -> None:
        """Without `places` no file is read at all: there is the source `default` only."""
        self.settings = settings
        self._places = places

    def read(self, before: Configuration | None = None) -> Configuration:
        """Read the file as it is now; raises ConfigurationError with every fault.

        After a configuration that came of a file, a file that is gone is a fault.
        """
        own = translation.sources(self.settings)
        path = None if self._places is None else self.settings.configuration
        if self._places is None or path is None:
            if before is not None and before.path is not None:
                raise ConfigurationError(
                    f"{before.path}: is gone; put it back, or restart to do without it"
                )
            return Configuration(None, own)
        text, mode = _text(path)
        reading = _Reading(path, self.settings, self._places)
        reading.read_tables(_tables(path, text))
        if reading.faults:
            lines = [f"{_where(path, text, line)}: {line}" for line in reading.faults]
            raise ConfigurationError("\n".join(lines))
        return Configuration(
            path,
            {**own, **reading.sources},
            reading.definitions,
            reading.digests,
            tuple(reading.warnings(mode)),
        )


class _Reading:
    """One reading of one file; what could be read, and every fault."""

    def __init__(self, path: Path, settings: Settings, places: Places) -> None:
        self._path = path
        self._settings = settings
        self._places = places
        self.faults: list[str] = []
        self.sources: dict[str, Desk] = {}
        self.definitions: dict[str, Definition] = {}
        self.digests: dict[str, bytes] = {}

    def read_tables(self, tables: Mapping[str, Any]) -> None:
        for key in sorted(tables.keys() - {_TOP}):
            close = difflib.get_close_matches(key, [_TOP], n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            self._blame(f"{key}: only tables [sources.NAME] stand at the top of this file{hint}")
        named = tables.get(_TOP, {})
        if not isinstance(named, dict):
            self._blame(f"{_TOP}: must be tables, [sources.NAME]")
            return
        for name, table in named.items():
            for line in self._read_source(name, table):
                # Whatever finds a fault says where it is, if it knows it better.
                known = line.startswith(f"{_TOP}.")
                self._blame(line if known else f"{_TOP}.{name}: {line}")

    def _read_source(self, name: str, table: object) -> Sequence[str]:
        refused = self._refused(name)
        if refused:
            return [refused]
        if not isinstance(table, dict):
            return ["must be a table, [sources.NAME]"]
        faults: list[str] = []
        found = _tried(lambda: definition.read(name, table), faults)
        if found is None:
            return faults
        secrets = Secrets(self._places, self._path.parent)
        unsafe = source_safety.faults(found)
        authenticator = _tried(
            lambda: authenticating.authenticator(found, secrets.resolve, secrets.read_file), unsafe
        )
        challenger = _tried(lambda: challenge.challenger(found, secrets.resolve), unsafe)
        faults += [f"{_TOP}.{name}.{line}" for line in unsafe]
        if authenticator is None or challenger is None:
            _tried(lambda: Mapper(name, found), faults)
            return faults
        source = _tried(lambda: ConfiguredSource(name, found, authenticator, challenger), faults)
        if source is not None:
            self.sources[name], self.definitions[name] = source, found
            self.digests[name] = _digest(found, secrets)
        return faults

    def _refused(self, name: str) -> str | None:
        if not definition.NAME.fullmatch(name):
            return (
                "cannot be the name of a source; write up to 63 small letters, digits, - and _, "
                "a letter or a digit first"
            )
        if name == RESERVED:
            return "is the name of our own test messages; take another one"
        if name == DEFAULT_SOURCE and self._settings.webhook_secret.get_secret_value():
            return "WEBHOOK_SECRET makes a source of this name too; empty it, or take another name"
        return None

    def warnings(self, mode: int) -> list[str]:
        """Give what is dangerous about the file itself, which had this mode."""
        written = [
            name for name, found in self.definitions.items() if source_safety.holds_secret(found)
        ]
        # On Windows the mode says nothing about who may read a file.
        if os.name != "posix" or not written:
            return []
        if not mode & (stat.S_IRGRP | stat.S_IROTH):
            return []
        return [
            f"{self._path} holds secrets ({', '.join(written)}) and others may read it; "
            f"run: chmod 600 {self._path}, or write env:NAME or file:PATH instead"
        ]

    def _blame(self, line: str) -> None:
        self.faults.append(line)


def _where(path: Path, text: str, fault: str) -> str:
    line = line_of(text, fault.partition(": ")[0])
    return str(path) if line is None else f"{path}:{line}"


def _text(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path}: is larger than 1 MiB")
    try:
        # Editors on Windows begin a file with a mark.
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError as error:
        place = _place(content, error.start)
        raise ConfigurationError(f"{path}: is not in UTF-8 (at {place})") from None


def _tables(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        whole = text.encode()
        said = str(error).replace("end of document", _place(whole, len(whole)))
        raise ConfigurationError(f"{path}: is not TOML: {said}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: is nested too deeply") from None


def _place(content: bytes, offset: int) -> str:
    before = content[:offset]
    newline = b"\n"
    return f"line {before.count(newline) + 1}, column {offset - before.rfind(newline)}"


def _tried(make: Callable[[], T], faults: list[str]) -> T | None:
    try:
        return make()
    except ConfigurationError as error:
        faults += str(error).splitlines()
        return None


def _digest(found: Definition, secrets: Secrets) -> bytes:
    return hashlib.sha256(repr(found).encode() + secrets.digest()).digest()
