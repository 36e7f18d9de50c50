"""A help desk that never stops posting: some connections, one stream of events, one memory.

Takes a service, which may end at any moment; gives what was answered. An event that got no
answer is posted again later under the same id, as an honest help desk does.
"""

import asyncio
import contextlib
import json
import random
from collections import deque
from collections.abc import Iterator
from typing import Any

from tests.caller import Caller, signed_call
from tests.service import Service, assigned
from tests.torture.harness import BROKEN, Job

Call = tuple[str, dict[str, Any]]

_SHARED = 40
"""So many people get half of all notices; their lanes are often shut, and roll up."""

_REMEMBERED = 50
_ANSWERED = {200, 202}
_WAIT = 30


def stream(chance: random.Random) -> Iterator[Call]:
    """Give calls without end: tickets assigned, created, passed on, closed; some with phones."""
    number, known = 0, deque[tuple[int, int]](maxlen=_REMEMBERED)
    while True:
        number += 1
        kind = chance.choices(("assigned", "created", "again", "closed"), (75, 10, 8, 7))[0]
        ticket, version = number, 1
        if kind in ("again", "closed") and known:
            ticket, version = known.pop()
        if kind != "closed":
            known.append((ticket, version + 1))
        yield f"call-{number:06d}", _event(chance, kind, ticket, version)


def _event(chance: random.Random, kind: str, ticket: int, version: int) -> dict[str, Any]:
    shared = chance.random() < 0.5
    who = f"shared{chance.randrange(_SHARED)}" if shared else f"p{ticket}v{version}"
    # The title tells any two notices apart, so that a repeated text message shows.
    title = f"Printer {ticket} Not Working, {version}"
    event = assigned(ticket, f"{who}@example.com", title=title, version=version)
    event["type"] = "ticket." + {"again": "assigned"}.get(kind, kind)
    if chance.random() < 0.1:
        event["data"]["assignee"]["phone"] = f"+14155550{chance.randrange(100, 200)}"
    if chance.random() < 0.1:
        event["data"]["ticket"]["priority"] = "critical"
    return event


class Desk:
    """`accepted` holds the event and the deliveries that each answer named, by webhook id."""

    def __init__(self, job: Job, service: Service, connections: int) -> None:
        self._job = job
        self._service = service
        self._connections = connections
        self._calls = stream(random.Random(f"desk {job.seed}"))
        self._again: deque[Call] = deque()
        self._left = 0
        self._progress = asyncio.Condition()
        self.accepted: dict[str, tuple[str, list[str]]] = {}

    async def post(self, most: int) -> None:
        """Post until `most` events are answered altogether, or nobody answers any more."""
        self._left = max(most - len(self.accepted) - len(self._again), 0)
        await asyncio.gather(*(self._connection() for _ in range(self._connections)))

    async def until(self, answered: int, posting: "asyncio.Task[None]") -> None:
        """Return when so many are answered, or the posting has ended."""
        waiting = asyncio.ensure_future(self._until(answered))
        await asyncio.wait({waiting, posting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def _until(self, answered: int) -> None:
        async with self._progress:
            await self._progress.wait_for(lambda: len(self.accepted) >= answered)

    async def _connection(self) -> None:
        # Who was killed answers nothing more: what is open then is posted again later.
        with contextlib.suppress(OSError, EOFError):
            caller = await Caller.to(self._service)
            try:
                while (call := self._next()) is not None:
                    await self._post(caller, call)
            finally:
                caller.hang_up()

    def _next(self) -> Call | None:
        if self._again:
            self._job.count("repeated_calls")
            return self._again.popleft()
        if self._left == 0:
            return None
        self._left -= 1
        return next(self._calls)

    async def _post(self, caller: Caller, call: Call) -> None:
        key, event = call
        caller.write(signed_call(event, key))
        try:
            async with asyncio.timeout(_WAIT):
                status, body = await caller.answer()
        except TimeoutError:
            self._job.find(BROKEN, f"{key} got no answer within {_WAIT} s")
            raise
        except (OSError, EOFError):
            self._again.append(call)
            raise
        self._job.count(f"answered_{status}")
        if status not in _ANSWERED:
            self._job.find("refused", f"{key} was answered {status}: {body[:300]!r}")
            return
        answer = json.loads(body)
        self.accepted[key] = answer["event_id"], [one["id"] for one in answer["deliveries"]]
        async with self._progress:
            self._progress.notify_all()
