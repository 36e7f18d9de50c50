"""Health: is the process alive, and can a webhook be committed.

Takes what the composition root knows, gives two open answers. Refuses readiness (503) only
when nothing can be committed, while starting and after SIGTERM.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request

from notifier.web.answers import Answer, json_answer

Condition = Literal["ok", "degraded", "starting", "stopping", "failed"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether webhooks are taken, in what condition, and why it is not `ok`."""

    ready: bool
    status: Condition
    reasons: tuple[str, ...] = ()


class Health:
    """The endpoints under /health."""

    def __init__(self, readiness: Callable[[], Awaitable[Readiness]]) -> None:
        """`readiness` is asked for every call."""
        self._readiness = readiness

    async def live(self, request: Request) -> Answer:
        """GET /health/live: answers as long as the event loop runs."""
        return json_answer(200, {"status": "alive"})

    async def ready(self, request: Request) -> Answer:
        """GET /health/ready."""
        found = await self._readiness()
        shape = {"status": found.status, "reasons": list(found.reasons)}
        return json_answer(200 if found.ready else 503, shape)
