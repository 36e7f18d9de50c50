"""The writer: one thread, one connection, one transaction for whatever waits.

Takes work from the event loop, gives results back to it when their commit returned. Refuses
nothing; when a commit fails, records fail with it, while settles are kept and repeated.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import apsw

from notifier.model.errors import StoreFailed
from notifier.model.events import CRITICAL_RANK
from notifier.model.times import SECOND, Clock, Instant
from notifier.store import answering, runs, settling
from notifier.store.base import Credits, HandOver, Recorded
from notifier.store.claiming import Claiming
from notifier.store.connection import STORAGE_ERRORS
from notifier.store.context import Context, Tick
from notifier.store.history import History
from notifier.store.inbox import Inbox, Job, Record, Settle, Work
from notifier.store.recording import Recording
from notifier.store.transaction import Transaction

_log = logging.getLogger(__name__)

_PAUSE = 0.25
"""Seconds between two tries to commit settles that failed."""

LEASE_MARGIN = 2 * SECOND
"""This long before a lease ends nothing irreversible is begun any more."""

Result = tuple[Any, Any, BaseException | None]
"""The future of a piece of work, its value, and what went wrong."""


class Writer:
    """Runs ticks until it is told to stop."""

    def __init__(
        self,
        connection: apsw.Connection,
        texts: Mapping[str, str],
        context: Context,
        places: Credits,
        clock: Clock,
    ) -> None:
        """The connection belongs to this object from now on."""
        self._connection = connection
        self._context = context
        self._places = places
        self._clock = clock
        self._tx = Transaction(connection, texts)
        self._history = History(connection, texts)
        self._held: dict[int, tuple[int, Instant]] = {}
        self._thread: threading.Thread | None = None
        self._deliver: Callable[[list[Result], HandOver], None] = lambda results, handed: None
        self.inbox = Inbox()
        self.fault: str | None = None
        self.next_wake: dict[tuple[str, bool], Instant | None] = {}

    def start(self, deliver: Callable[[list[Result], HandOver], None]) -> None:
        """Begin; `deliver` is called on the writer's thread after every tick."""
        self._deliver = deliver
        self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then close the connection. Blocks."""
        self.inbox.close()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(*STORAGE_ERRORS):
            runs.end(self._tx)
        with contextlib.suppress(*STORAGE_ERRORS):
            self._connection.close()

    def still_held(self, number: int, fence: int) -> bool:
        """Tell whether a lease holds long enough for one more write.

        None does while the last commit failed: its outcome could not be kept either.
        """
        if self.fault is not None:
            return False
        held_fence, until = self._held.get(number, (0, 0))
        return held_fence == fence and self._clock.now() < until - LEASE_MARGIN

    def held(self) -> dict[int, int]:
        """Give the batches that this process holds, each with its fence."""
        return {number: fence for number, (fence, _) in self._held.items()}

    # -- the thread -------------------------------------------------------------------------

    def _loop(self) -> None:
        while (works := self.inbox.take(_PAUSE if self.fault else None)) is not None:
            self._run(works)

    def _run(self, works: list[Work]) -> None:
        try:
            with self._context.meter.ticking(len(works)):
                self._tick(works)
        except STORAGE_ERRORS as error:
            self._give_up(works, error)
        except Exception as error:
            self._alone(works, error)

    def _alone(self, works: list[Work], error: Exception) -> None:
        """One piece of work spoils its tick: run each alone, so that only that one fails."""
        if len(works) != 1:
            for work in works:
                self._run([work])
            return
        _log.exception("the store could not do its work", extra={"action": "store.error"})
        (work,) = works
        if isinstance(work, Settle) and work.settled.attempt is not None:
            # What became of a message matters more than the evidence that cannot be written.
            self._run([Settle(work.future, replace(work.settled, attempt=None))])
            return
        if isinstance(work, Settle):
            # Nobody holds it any more, so that the audit finds it and makes it an unknown outcome.
            self._held = {
                number: held
                for number, held in self._held.items()
                if number != work.settled.batch_id
            }
        self._deliver([(work.future, None, error)], HandOver((), ()))

    def _give_up(self, works: list[Work], error: Exception) -> None:
        if self.fault is None:
            _log.error(
                "the store cannot commit: %s", error, extra={"action": "store.commit_failed"}
            )
        self.fault = str(error)
        self.inbox.put_back([work for work in works if isinstance(work, Settle)])
        failed = StoreFailed(f"nothing can be committed at present: {error}")
        results: list[Result] = [
            (work.future, None, failed) for work in works if not isinstance(work, Settle)
        ]
        self._deliver(results, HandOver((), ()))

    def _tick(self, works: list[Work]) -> None:
        tick = Tick(self._clock.now(), self._free())
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = self._do(works, tick)
            # Read before the commit: what is committed must be handed over whatever happens then.
            tick.next_wake = self._look_ahead()
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._committed(tick)
        self._deliver(results, HandOver(tuple(tick.batches), tuple(tick.unwanted)))

    def _free(self) -> dict[tuple[str, bool], int]:
        return {
            (channel, critical): 0 if self.fault else self._places.free(channel, critical=critical)
            for channel in self._context.options.channels
            for critical in (True, False)
        }

    def _do(self, works: list[Work], tick: Tick) -> list[Result]:
        settles = [work for work in works if isinstance(work, Settle)]
        jobs = [work for work in works if isinstance(work, Job)]
        records = [work for work in works if isinstance(work, Record)]
        if self.fault is not None:
            # A commit that writes nothing succeeds on a full disk too, and would prove nothing.
            self._tx.run("write_probe")
        if settles:
            settling.settle(self._context, self._tx, tick, [work.settled for work in settles])
        results: list[Result] = [(work.future, None, None) for work in settles]
        results += [(job.future, job.work(self._tx, tick), None) for job in jobs]
        recording = Recording(self._context, self._tx, tick)
        answers = recording.record([work.call for work in records]) if records else []
        Claiming(self._context, self._tx, tick).claim()
        for work, answer in zip(records, answers, strict=True):
            if isinstance(answer, Recorded):
                results.append((work.future, self._repeated(answer), None))
            else:
                results.append((work.future, recording.answer(answer), None))
        return results

    def _repeated(self, answer: Recorded) -> Recorded:
        """Fill the answer to a repeated call with the present states."""
        found = [event for one in answer.events if (event := self._history.event(one)) is not None]
        if not found:
            return answer
        deliveries = tuple(view for event in found for view in event.deliveries)
        return replace(
            answer, note=answering.joined(event.note for event in found), deliveries=deliveries
        )

    def _committed(self, tick: Tick) -> None:
        until = tick.now + self._context.options.lease
        held = dict(self._held)
        for number, fence in tick.released:
            # A late settle of an earlier lease must not let go of the present one.
            if number in held and held[number][0] == fence:
                del held[number]
        for number in tick.lost:
            held.pop(number, None)
        for number in tick.renewed:
            held[number] = (held[number][0], until)
        for batch in tick.batches:
            held[batch.id] = (batch.fence, until)
            self._places.taken(batch.channel, 1)
        self._held = held
        if self.fault is not None:
            _log.warning("the store commits again", extra={"action": "store.recovered"})
            self.fault = None
        self.next_wake = tick.next_wake
        for channel, count in tick.held.items():
            self._context.meter.held(channel, count)

    def _look_ahead(self) -> dict[tuple[str, bool], Instant | None]:
        wakes: dict[tuple[str, bool], Instant | None] = {}
        for channel in self._context.options.channels:
            of_rank: dict[int, Instant | None] = dict(self._tx.rows("next_wake", channel))
            known = [wake_at for wake_at in of_rank.values() if wake_at is not None]
            wakes[channel, True] = of_rank[CRITICAL_RANK]
            wakes[channel, False] = min(known, default=None)
        return wakes
