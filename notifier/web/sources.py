"""The sources: what is configured, and read again on demand.

Takes authorised calls, gives what is configured, without any secret. Refuses a name that nobody
has (404), and a file that is wrong (422), naming every fault.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from notifier.model.errors import ConfigurationError, Fault
from notifier.web import problems
from notifier.web.answers import Answer, json_answer
from notifier.web.webhooks import PATH

_PLACED = re.compile(r"(?:[^\n]*?: )?(?P<path>sources(?:\.[^\s:]+)?): (?P<message>.+)")
_MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The names of all sources, and of those that changed."""

    sources: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source; `preset` is the shipped table under it, `schemes` and `authentication` words."""

    name: str
    preset: str | None
    title: str | None
    desk_url: str | None
    schemes: tuple[str, ...]
    authentication: str
    methods: tuple[str, ...]
    success_status: int
    max_body: int
    dedupe_key: tuple[str, ...]
    dedupe_window: str
    dedupe_body_window: str | None
    is_open: bool


Views = Callable[[], Sequence[SourceView]]
"""Gives every source that is configured at present, in alphabetical order."""

Reload = Callable[[], Awaitable[Reloaded]]
"""Reads the file again; raises ConfigurationError."""


class Sources:
    """The endpoints under /v1 that are about sources."""

    def __init__(self, reload: Reload, views: Views, public_base_url: str | None) -> None:
        """`public_base_url` is the only base of the addresses; without it they are paths."""
        self._reload = reload
        self._views = views
        self._base = (public_base_url or "").rstrip("/")

    async def list(self, request: Request) -> Answer:
        """GET /v1/sources."""
        return json_answer(200, {"items": [self._shape(one) for one in self._views()]})

    async def show(self, request: Request) -> Answer:
        """GET /v1/sources/{name}."""
        name = request.path_params["name"]
        for one in self._views():
            if one.name == name:
                return json_answer(200, self._shape(one))
        return problems.not_found()

    def _shape(self, view: SourceView) -> dict[str, object]:
        return {
            "name": view.name,
            "preset": view.preset,
            "title": view.title,
            "url": f"{self._base}{PATH}/{view.name}",
            "desk_url": view.desk_url,
            "schemes": view.schemes,
            "authentication": view.authentication,
            "open": view.is_open,
            "methods": view.methods,
            "success_status": view.success_status,
            "max_body": view.max_body,
            "dedupe": {
                "key": view.dedupe_key,
                "window": view.dedupe_window,
                "body_window": view.dedupe_body_window,
            },
        }

    async def reload(self, request: Request) -> Answer:
        """POST /v1/reload."""
        try:
            done = await self._reload()
        except ConfigurationError as error:
            return problems.invalid_configuration(_faults(str(error).splitlines()))
        return json_answer(200, {"sources": done.sources, "changed": done.changed})


def _faults(lines: Sequence[str]) -> list[Fault]:
    """Take `notifier.toml:7: sources.zammad.auth: …` apart."""
    found = []
    for line in lines[:_MOST_TOLD]:
        placed = _PLACED.fullmatch(line)
        found.append(Fault(placed["path"], placed["message"]) if placed else Fault("", line))
    return found
