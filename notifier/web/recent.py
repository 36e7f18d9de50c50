"""The last calls of each source, in memory, for whoever connects a help desk.

Takes what the door saw of a call, gives the newest first, without what is secret in them. Refuses
nothing: an old call makes room for a new one, and none is kept for longer than a day. Keeping one
costs a microsecond or two; what may be shown is worked out when somebody asks.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from starlette.requests import Request

from notifier.model import ids, times
from notifier.model.errors import UnknownSource
from notifier.model.times import DAY, Clock, Instant
from notifier.model.values import value
from notifier.sources import confidential
from notifier.sources.call import Call, Source
from notifier.web import problems
from notifier.web.answers import Answer, json_answer
from notifier.web.shapes import Shape

MOST = 20
LARGEST_BODY = 16 * 1024
LONGEST_CAUSE = 500
KEPT_FOR = DAY

_LOOK_EVERY = 600.0


@value
class Sight:
    """What became of a call: the status it got, one word, why not, and its events.

    The word is accepted, ignored, duplicate, unmapped, refused or challenge.
    """

    status: int
    outcome: str
    cause: str | None = None
    events: tuple[int, ...] = ()


@value
class _Kept:
    at: Instant
    call: Call
    size: int
    confidential: frozenset[str]
    sight: Sight


class Recent:
    """A ring of calls for each source."""

    def __init__(self, clock: Clock) -> None:
        """It starts empty."""
        self._clock = clock
        self._calls: dict[str, deque[_Kept]] = {}

    def saw(self, desk: Source, call: Call, sight: Sight) -> None:
        """Keep a call, with what is confidential by the source as it is now."""
        ring = self._calls.get(desk.name)
        if ring is None:
            ring = self._calls[desk.name] = deque(maxlen=MOST)
        size = len(call.body)
        if size > LARGEST_BODY:
            call = replace(call, body=call.body[:LARGEST_BODY])
        ring.append(_Kept(self._clock.now(), call, size, desk.confidential, sight))

    def forget(self) -> None:
        """Forget every call."""
        self._calls.clear()

    def expire(self) -> None:
        """Forget calls that are a day old."""
        before = self._clock.now() - KEPT_FOR
        for ring in self._calls.values():
            while ring and ring[0].at <= before:
                ring.popleft()

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Forget what is a day old, whether or not somebody calls, until cancelled."""
        while True:
            await sleep(_LOOK_EVERY)
            self.expire()

    def of(self, source: str) -> Iterator[Shape]:
        """Give the calls of a source as they may be shown, newest first."""
        self.expire()
        return map(_shape, reversed(self._calls.get(source, ())))


class Calls:
    """The endpoint that shows them."""

    def __init__(self, recent: Recent, find: Callable[[str], Source]) -> None:
        """`find` raises UnknownSource for a name that nobody has."""
        self._recent = recent
        self._find = find

    async def show(self, request: Request) -> Answer:
        """GET /v1/sources/{name}/calls."""
        name = request.path_params["name"]
        try:
            self._find(name)
        except UnknownSource as error:
            return problems.of_webhook(error)
        return json_answer(200, {"items": list(self._recent.of(name))})


def _shape(kept: _Kept) -> Shape:
    call, sight = confidential.hidden(kept.call, kept.confidential), kept.sight
    return {
        "at": times.to_text(kept.at),
        "client": call.client or None,
        "method": call.method,
        "tail": call.tail or None,
        "query": call.query.decode("latin-1"),
        "headers": [
            {"name": name.decode("latin-1"), "value": text.decode("latin-1")}
            for name, text in call.headers
        ],
        "body": call.body.decode(errors="replace"),
        "body_bytes": kept.size,
        "status": sight.status,
        "outcome": sight.outcome,
        "cause": sight.cause and sight.cause[:LONGEST_CAUSE],
        "events": [ids.public("evt", number) for number in sight.events],
    }
