"""GET /metrics: what the service counts, in Prometheus' text format.

Takes what the composition root reads and counts. Refuses nothing; it is open, because it holds no
address, name, title or secret.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from notifier.web.answers import NO_STORE, NOSNIFF, Answer

_TEXT = b"text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The endpoint, and the count of refused calls."""

    def __init__(
        self, read: Callable[[], Awaitable[bytes]], refused: Callable[[str], None]
    ) -> None:
        """`refused` learns the code of every error that is answered."""
        self._read = read
        self.refused = refused

    async def show(self, request: Request) -> Answer:
        """GET /metrics."""
        return Answer(200, await self._read(), ((b"content-type", _TEXT), NOSNIFF, NO_STORE))
