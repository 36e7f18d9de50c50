"""Work on its way to the writer's thread.

Takes pieces of work from the event loop, gives them in the order a tick needs: settles, jobs,
then records. Refuses nothing: the store bounds how many records may wait.
"""

import threading
from asyncio import Future
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from notifier.model.deliveries import Settled
from notifier.store.base import Accepted, Recorded
from notifier.store.context import Tick
from notifier.store.transaction import Transaction

_RECORDS = 64
_SETTLES = 256
_JOBS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """A call to record."""

    future: "Future[Recorded]"
    call: Accepted


@dataclass(frozen=True, slots=True, eq=False)
class Settle:
    """An outcome to settle."""

    future: "Future[None]"
    settled: Settled


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Anything else that needs the writer's transaction."""

    future: "Future[Any]"
    work: Callable[[Transaction, Tick], Any]


Work = Record | Settle | Job


class Inbox:
    """A queue between threads; one thread takes, any thread puts."""

    def __init__(self) -> None:
        """It starts empty and open."""
        self._ready = threading.Condition()
        self._settles: deque[Settle] = deque()
        self._jobs: deque[Job] = deque()
        self._records: deque[Record] = deque()
        self._closed = False

    def put(self, work: Work) -> None:
        """Add a piece of work."""
        with self._ready:
            if isinstance(work, Settle):
                self._settles.append(work)
            elif isinstance(work, Job):
                self._jobs.append(work)
            else:
                self._records.append(work)
            self._ready.notify()

    def put_back(self, works: list[Work]) -> None:
        """Put settles that did not commit in front again, in their order."""
        with self._ready:
            self._settles.extendleft(work for work in reversed(works) if isinstance(work, Settle))

    def close(self) -> None:
        """Let `take` end when nothing is left that can be done."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def take(self, pause: float | None) -> list[Work] | None:
        """Give the work of one tick, waiting for some; None when closed and empty.

        `pause` (seconds): the last commit failed, so wait that long before settles are tried
        again, unless something else comes in; with nothing to do, give a tick that only tries.
        """
        with self._ready:
            if pause is not None and not self._jobs and not self._records and not self._closed:
                self._ready.wait(pause)
            while pause is None and not (self._settles or self._jobs or self._records):
                if self._closed:
                    return None
                self._ready.wait()
            if self._closed and pause is not None:
                # The storage is in trouble and we are leaving: what is open is found at start.
                self._settles.clear()
            works: list[Work] = []
            for queue, most in (
                (self._settles, _SETTLES),
                (self._jobs, _JOBS),
                (self._records, _RECORDS),
            ):
                works += [queue.popleft() for _ in range(min(most, len(queue)))]
            return None if self._closed and not works else works
