"""A clock that a test moves by hand, from sleeper to sleeper.

Takes the instant a scenario has reached, gives every sleeper its turn in order of time. Refuses
a scenario that never comes to rest.
"""

import asyncio
import heapq
import threading
from collections.abc import Awaitable, Callable
from itertools import count

from notifier.model.times import Instant, Millis

_TURNS = 5
_QUIET_ROUNDS = 3
_TOO_MANY_ROUNDS = 5_000

Sleeper = tuple[Instant, int, "asyncio.Future[None]"]


class FakeClock:
    """Implements notifier.model.times.Clock; may be read from any thread."""

    def __init__(self, start: Instant) -> None:
        self._now = start
        self._sleepers: list[Sleeper] = []
        self._order = count()
        self._thread = threading.get_ident()
        self._looks = 0
        # How far the machine's clock is from ours.
        self.off = 0

    def wall(self) -> Instant:
        return self._now + self.off

    def now(self) -> Instant:
        # A look by the store's own thread is no sign of life: it looks in every commit.
        if threading.get_ident() == self._thread:
            self._looks += 1
        return self._now

    async def sleep(self, duration: Millis) -> None:
        if duration <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration, next(self._order), future))
        await future

    async def advance_to(self, instant: Instant, settle: Callable[[], Awaitable[object]]) -> None:
        """Move to `instant`, waking who sleeps until before or then, each when its time comes.

        After every step everything settles. `settle` waits for what happens on other threads
        (`store.flush`); what it gives, if anything, is one more sign of life: as long as that
        changes, something still happens.
        """
        await self.rest(settle)
        while (sleeper := self._next(instant)) is not None:
            at, _, future = sleeper
            self._now = max(self._now, at)
            future.set_result(None)
            await self.rest(settle)
        self._now = max(self._now, instant)
        await self.rest(settle)

    def jump(self, duration: Millis) -> None:
        """Let time pass in which nobody is woken, as on a loop that stands still."""
        self._now += duration

    async def rest(self, settle: Callable[[], Awaitable[object]]) -> None:
        """Return when nothing more happens at the present instant."""
        before: object = None
        quiet = 0
        for _ in range(_TOO_MANY_ROUNDS):
            self._looks = 0
            await _take_turns()
            life = (await settle(), self._wake_times(), self._looks)
            await _take_turns()
            quiet = quiet + 1 if life == before else 0
            before = life
            if quiet == _QUIET_ROUNDS:
                return
        raise AssertionError("the scenario never comes to rest")

    def _next(self, instant: Instant) -> Sleeper | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] > instant:
            return None
        return heapq.heappop(self._sleepers)

    def _wake_times(self) -> list[Instant]:
        return sorted(at for at, _, future in self._sleepers if not future.done())


async def _take_turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
