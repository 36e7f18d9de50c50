"""The time as the whole service sees it: the wall clock at the start, and what passed since.

Takes the machine's clocks, gives instants that never run backwards, whatever is done to the
wall clock meanwhile. Refuses nothing.
"""

import asyncio
import time

from notifier.model.times import Instant, Millis

_NANOS = 1_000_000

# Counts on while the machine is suspended; only Linux has it.
_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _ticks() -> int:
    nanos = time.monotonic_ns() if _BOOTTIME is None else time.clock_gettime_ns(_BOOTTIME)
    return nanos // _NANOS


class SystemClock:
    """Implements notifier.model.times.Clock."""

    def __init__(self) -> None:
        """The wall clock is read once, here."""
        self._offset = self.wall() - _ticks()

    def now(self) -> Instant:
        """Give the present instant."""
        return self._offset + _ticks()

    def wall(self) -> Instant:
        """Give what the machine says the time is now."""
        return time.time_ns() // _NANOS

    async def sleep(self, duration: Millis) -> None:
        """Return after `duration`, never before."""
        end = self.now() + duration
        left = max(duration, 0)
        while True:
            await asyncio.sleep(left / 1000)
            # The timers of an event loop may be a little early.
            left = end - self.now()
            if left <= 0:
                return
