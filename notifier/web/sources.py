"""The sources: read again on demand.

Takes authorised calls, gives what is configured. Refuses a file that is wrong (422), naming every
fault.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request

from notifier.model.errors import ConfigurationError, Fault
from notifier.web import problems
from notifier.web.answers import Answer, json_answer

_PLACED = re.compile(r"(?:[^\n]*?: )?(?P<path>sources(?:\.[^\s:]+)?): (?P<message>.+)")
_MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The names of all sources, and of those that changed."""

    sources: tuple[str, ...]
    changed: tuple[str, ...]


Reload = Callable[[], Awaitable[Reloaded]]
"""Reads the file again; raises ConfigurationError."""


class Sources:
    """The endpoints under /v1 that are about sources."""

    def __init__(self, reload: Reload) -> None:
        """`reload` is asked for every call."""
        self._reload = reload

    async def reload(self, request: Request) -> Answer:
        """POST /v1/reload."""
        try:
            done = await self._reload()
        except ConfigurationError as error:
            return problems.invalid_configuration(_faults(str(error).splitlines()))
        return json_answer(200, {"sources": list(done.sources), "changed": list(done.changed)})


def _faults(lines: Iterable[str]) -> list[Fault]:
    """Take `notifier.toml: sources.zammad.auth: …` apart."""
    found = []
    for line in list(lines)[:_MOST_TOLD]:
        placed = _PLACED.fullmatch(line)
        found.append(Fault(placed["path"], placed["message"]) if placed else Fault("", line))
    return found
