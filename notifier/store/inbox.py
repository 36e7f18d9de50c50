"""Work on its way to the writer's thread.

Takes pieces of work from the event loop, gives them in the order a tick needs: settles, jobs,
then records. Refuses nothing: the store bounds how many records may wait.

A commit costs the same for one row and for fifty, so work that nobody waits for (a settle, a
look for what is due) waits a moment for company, and under load calls do too. A call that
comes alone never waits.
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

_COMPANY = 32
"""With so many no further ones are waited for."""

_PATIENCE = 0.005
"""Seconds that a settle waits for company: what was sent may be sent again if we die in them."""

_GATHERING = 0.002
"""Seconds that calls wait for one another, when others came while the last tick ran."""


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
    """Anything else that needs the writer's transaction; `patient` if nobody waits for it."""

    future: "Future[Any]"
    work: Callable[[Transaction, Tick], Any]
    patient: bool = False


Work = Record | Settle | Job


class Inbox:
    """A queue between threads; one thread takes, any thread puts."""

    def __init__(self, patience: float = _PATIENCE, gathering: float = _GATHERING) -> None:
        """It starts empty and open; how long settles and calls wait for company, in seconds."""
        self._patience = patience
        self._gathering = gathering
        self._ready = threading.Condition()
        self._wanted: Callable[[], bool] = self._something
        self._settles: deque[Settle] = deque()
        self._jobs: deque[Job] = deque()
        self._records: deque[Record] = deque()
        self._urgent_jobs = 0
        self._last_records = 0
        self._closed = False

    def put(self, *works: Work) -> None:
        """Add pieces of work, of which nobody takes some without the others that have room."""
        with self._ready:
            for work in works:
                if isinstance(work, Settle):
                    self._settles.append(work)
                elif isinstance(work, Job):
                    self._jobs.append(work)
                    self._urgent_jobs += not work.patient
                else:
                    self._records.append(work)
            # Waking the other thread for each piece would cost more than the piece.
            if self._wanted():
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
            if pause is None:
                self._wait_for_company()
            else:
                self._wait(self._news, pause)
            if self._closed and pause is not None:
                # The storage is in trouble and we are leaving: what is open is found at start.
                self._settles.clear()
            return self._next()

    def _wait_for_company(self) -> None:
        crowded = self._last_records > (0 if self._records else 1)
        self._wait(self._something, None)
        self._wait(self._pressing, self._patience)
        if crowded and self._records:
            self._wait(self._full, self._gathering)

    def _wait(self, wanted: Callable[[], bool], seconds: float | None) -> None:
        self._wanted = wanted
        self._ready.wait_for(wanted, seconds)

    def _next(self) -> list[Work] | None:
        self._last_records = min(_RECORDS, len(self._records))
        works: list[Work] = []
        for queue, most in (
            (self._settles, _SETTLES),
            (self._jobs, _JOBS),
            (self._records, _RECORDS),
        ):
            works += [queue.popleft() for _ in range(min(most, len(queue)))]
        self._urgent_jobs = sum(not job.patient for job in self._jobs)
        return None if self._closed and not works else works

    def _something(self) -> bool:
        return bool(self._settles or self._jobs or self._records or self._closed)

    def _news(self) -> bool:
        return bool(self._jobs or self._records or self._closed)

    def _pressing(self) -> bool:
        settles = len(self._settles) >= _COMPANY
        return bool(self._records or self._urgent_jobs or self._closed or settles)

    def _full(self) -> bool:
        # Callers who wait for their answers come again: as many as came before are all there are.
        enough = min(_COMPANY, max(self._last_records, 1))
        return bool(self._urgent_jobs or self._closed or len(self._records) >= enough)
