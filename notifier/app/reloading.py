"""The help desks, read at the start and again when somebody asks, while calls go on.

Takes a ConfigFile, keeps Desks as it says. Refuses (ConfigurationError) a file that is wrong; then
everything stays as it was, and the log says why.
"""

import asyncio
import logging

from notifier.app import source_views, source_words
from notifier.app.config_file import ConfigFile, Configuration
from notifier.app.desks import Desks
from notifier.model.errors import ConfigurationError
from notifier.web.sources import Reloaded, SourceView

_log = logging.getLogger(__name__)

_MOST_TOLD = 20


class Reload:
    """Owns what is configured at present."""

    def __init__(self, file: ConfigFile) -> None:
        """Reads the file; raises ConfigurationError."""
        self._file = file
        self._present = file.read()
        self._one_at_a_time = asyncio.Lock()
        self.desks = Desks(self._present.sources)

    @property
    def present(self) -> Configuration:
        """Give what is configured at present."""
        return self._present

    def views(self) -> list[SourceView]:
        """Give what is configured at present, for people."""
        return source_views.views(self._present, self._file.settings)

    def say(self) -> None:
        """Log what is configured, and what is dangerous about it."""
        self._say(tuple(self._present.definitions))

    async def __call__(self) -> Reloaded:
        """Read the file again; raises ConfigurationError, and then nothing has changed."""
        async with self._one_at_a_time:
            try:
                # Files may be slow, and expressions take a while to compile.
                read = await asyncio.to_thread(self._file.read, self._present)
            except ConfigurationError as error:
                self._say_refused(str(error).splitlines())
                raise
            changed = read.changed_since(self._present)
            self.desks.replace(read.sources)
            self._present = read
        _log.info(
            "the sources were read again from %s: %s",
            read.path or "no file",
            f"{', '.join(changed)} changed" if changed else "nothing changed",
            extra={"action": "config.reloaded", "changed": list(changed)},
        )
        self._say(changed)
        return Reloaded(self.desks.names(), changed)

    def _say(self, names: tuple[str, ...]) -> None:
        found = self._present.definitions
        for name in sorted(found.keys() & set(names)):
            _log.info(
                "source %s: %s",
                name,
                source_words.authentication(found[name]),
                extra={"action": "source.configured", "source": name},
            )
            if source_words.is_open(found[name]):
                _log.warning(
                    "source %s takes calls of anybody who knows its address; give it auth, or "
                    "allow_ips at least",
                    name,
                    extra={"action": "source.open", "source": name},
                )
        for line in self._present.warnings:
            _log.warning("%s", line, extra={"action": "config.exposed"})

    def _say_refused(self, faults: list[str]) -> None:
        for line in faults[:_MOST_TOLD]:
            _log.error(
                "the sources stay as they were: %s", line, extra={"action": "config.refused"}
            )
        if len(faults) > _MOST_TOLD:
            _log.error(
                "and %d more; notifier sources check shows all",
                len(faults) - _MOST_TOLD,
                extra={"action": "config.refused"},
            )
