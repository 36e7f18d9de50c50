"""The store on one SQLite file.

Takes a path and the pure decisions, gives a Store. Refuses a file that another process holds
(StoreLocked), that is damaged or newer than this program (StoreDamaged), and work that it
cannot queue or commit (StoreBusy, StoreFailed).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from notifier.model.deliveries import Batch, Decide, Settled
from notifier.model.errors import StoreBusy, StoreDamaged, StoreFailed
from notifier.model.ids import IdMaker
from notifier.model.people import Entry, Person, PersonFilter, Written
from notifier.model.plans import RetryFunction
from notifier.model.times import Clock
from notifier.store import (
    connection,
    migrate,
    operating,
    runs,
    statements,
    unmapped,
    upkeep,
)
from notifier.store.base import (
    Accepted,
    Backlog,
    Credits,
    HandOver,
    Health,
    Meter,
    Operated,
    Receiver,
    Recorded,
    Unmetered,
)
from notifier.store.checkpoints import Checkpointer
from notifier.store.context import Context, StoreOptions, Tick
from notifier.store.directory import Entering, Reading
from notifier.store.erasing import Erasing
from notifier.store.history import History
from notifier.store.inbox import Job, Record, Settle
from notifier.store.remains import Remains
from notifier.store.transaction import Transaction, as_list
from notifier.store.views import (
    DeliveryDetail,
    DeliveryFilter,
    DeliveryView,
    EventDetail,
    EventFilter,
    Page,
    RawCall,
    Slice,
    UnmappedCall,
    UnmappedDetail,
)
from notifier.store.writer import Result, Writer

T = TypeVar("T")


class SqliteStore:
    """Implements notifier.store.base.Store."""

    def __init__(
        self,
        path: Path,
        options: StoreOptions,
        decide: Decide,
        clock: Clock,
        meter: Meter | None = None,
    ) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._options = options
        self._decide = decide
        self._clock = clock
        self._meter = meter or Unmetered()
        self._lock = connection.Lock(path)
        self._waiting = 0
        self._remains = Remains(path, self._job)
        self._changed = asyncio.Event()
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        # A probe must not wait for somebody who reads through years of history.
        self._watchers = ThreadPoolExecutor(1, thread_name_prefix="store-watcher")

    def open(self, places: Credits, receiver: Receiver) -> None:
        """Take the lock, check, migrate, recover, and begin to serve. Needs a running loop.

        `places` bounds what is claimed; `receiver` gets it.
        """
        self._lock.take()
        try:
            self._open(places, receiver)
        except (apsw.CorruptError, apsw.NotADBError) as error:
            self._lock.release()
            raise StoreDamaged(connection.damage_text(self._path, str(error))) from error
        except BaseException:
            self._lock.release()
            raise

    def _open(self, places: Credits, receiver: Receiver) -> None:
        log_is_there = runs.log_of(self._path).exists()
        connection.check(self._path)
        connection.make_private(self._path)
        writing = connection.open_writer(self._path)
        migrate.apply(writing, migrate.shipped())
        texts = statements.load()
        tx = Transaction(writing, texts)
        runs.begin(self._path, tx, log_is_there=log_is_there)
        # On a full disk the next start does it.
        with contextlib.suppress(apsw.FullError):
            upkeep.apply_limits(self._options.limits, tx, self._clock.now())
            writing.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        ids = IdMaker(self._clock)
        ids.resume(tx.one("largest_id"))
        self._remains.find(tx)
        owner = f"{socket.gethostname()}:{os.getpid()}:{ids.next()}"
        self._context = Context(self._options, owner, ids, self._decide, self._meter)
        self._places = places
        self._receiver = receiver
        self._checkpoints = Checkpointer(self._path, writing)
        self._history = History(connection.open_reader(self._path), texts)
        self._directory = Reading(self._history.connection, texts)
        self._present = History(connection.open_reader(self._path), texts)
        self._writer = Writer(writing, texts, self._context, places, self._clock)
        self._loop = asyncio.get_running_loop()
        self._writer.start(self._from_writer)
        recover = Job(self._loop.create_future(), self._recover)
        self._writer.inbox.put(recover)

    # -- the way in -------------------------------------------------------------------------

    async def record(self, call: Accepted) -> Recorded:
        """Plan and commit one call together with whatever else waits."""
        future: asyncio.Future[Recorded] = self._awaited()
        self._writer.inbox.put(Record(future, call))
        return await future

    async def record_all(self, calls: Sequence[Accepted]) -> Sequence[Recorded]:
        """Plan and commit the items of one call, together as far as a tick takes them."""
        futures: list[asyncio.Future[Recorded]] = self._all_awaited(len(calls))
        self._writer.inbox.put(*map(Record, futures, calls))
        return await asyncio.gather(*futures)

    async def keep(self, call: UnmappedCall) -> int:
        """Keep a call that no event could be made of."""
        return await self._operate(lambda tx, tick: unmapped.keep(self._context, tx, tick, call))

    async def replayed(self, event_id: int, note: str, *, mapped: bool) -> None:
        """Note what came of reading a kept call again."""
        await self._operate(lambda tx, _: unmapped.replayed(tx, event_id, note, mapped=mapped))

    async def retry(self, delivery_id: int, plan: RetryFunction) -> Operated | None:
        """Let an ended delivery wait again; the claim of the same tick may take it."""
        return await self._operate(
            lambda tx, tick: operating.retry(self._context, tx, tick, delivery_id, plan)
        )

    async def cancel(self, delivery_id: int) -> Operated | None:
        """Withdraw a delivery that is open."""
        return await self._operate(lambda tx, tick: operating.cancel(tx, tick, delivery_id))

    async def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        """List people, newest first."""
        return await self._read(self._readers, lambda: self._directory.people(wanted, part))

    async def person(self, who: str | int) -> Person | None:
        """Give one, by the operator's own name or by the service's id."""
        return await self._read(self._readers, lambda: self._directory.person(who))

    async def enter(self, entries: Sequence[Entry], *, dry: bool = False) -> Sequence[Written]:
        """Write what an operator says of people."""
        ids = self._context.ids
        return await self._job(lambda tx, tick: Entering(ids, tx, tick.now).enter(entries, dry=dry))

    async def erase(self, who: str | int) -> bool:
        """Erase a person everywhere, and the remains in the file."""
        erasing = Erasing(who)
        if not await self._job(erasing.begin):
            return False
        while await self._job(erasing.go_on, patient=True):
            pass
        await self._job(erasing.end)
        self._remains.add(erasing.texts)
        await self._remains.wipe()
        return True

    async def _operate(self, work: Callable[[Transaction, Tick], T]) -> T:
        future: asyncio.Future[T] = self._awaited()
        self._writer.inbox.put(Job(future, work))
        return await future

    def _all_awaited(self, count: int) -> "list[asyncio.Future[Any]]":
        """Give as many as one call needs; raises StoreBusy unless there is room for all."""
        if self._waiting and self._waiting + count > self._options.max_waiting:
            raise StoreBusy("too many calls wait for their commit")
        return [self._one_more() for _ in range(count)]

    def _awaited(self) -> "asyncio.Future[Any]":
        """Give a future that counts among those who wait for their commit; raises StoreBusy."""
        if self._waiting >= self._options.max_waiting:
            raise StoreBusy("too many calls wait for their commit")
        return self._one_more()

    def _one_more(self) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting += 1
        future.add_done_callback(self._answered)
        return future

    def _answered(self, future: "asyncio.Future[Any]") -> None:
        self._waiting -= 1

    # -- the way out ------------------------------------------------------------------------

    async def claim(self) -> None:
        """Lease what is due; every tick ends with a claim, so an empty one will do."""
        await self._job(lambda tx, tick: None, patient=True)

    async def start(self, batch: Batch, nonce: str) -> bool:
        """Commit that an irreversible attempt begins."""
        return await self._job(lambda tx, tick: self._start(tx, tick, batch, nonce))

    def _start(self, tx: Transaction, tick: Tick, batch: Batch, nonce: str) -> bool:
        owner = self._context.owner
        if not tx.rows("start_batch", batch.id, batch.fence, owner, tick.now):
            return False
        head = (batch.id, batch.fence, nonce, None, tick.now, None, "request", "started")
        tx.write("write_attempts", [(*head, None, None, None, None, None, None)])
        return True

    async def settle(self, settled: Settled) -> None:
        """Commit an outcome, however long that takes."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._writer.inbox.put(Settle(future, settled))
        await future

    async def renew(self) -> Sequence[int]:
        """Extend the leases that this process holds."""
        return await self._job(self._renew)

    def _renew(self, tx: Transaction, tick: Tick) -> list[int]:
        held = set(dict(self._writer.held().items() - set(tick.released)))
        until = tick.now + self._options.lease
        rows = tx.rows("renew_batches", as_list(sorted(held)), self._context.owner, until)
        tick.renewed = [number for (number,) in rows]
        tick.lost = sorted(held - set(tick.renewed))
        return tick.lost

    def still_held(self, batch: Batch) -> bool:
        """Tell whether the lease holds long enough for one more write."""
        return self._writer.still_held(batch.id, batch.fence)

    # -- upkeep -----------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Expire, audit and forget, one slice per transaction."""
        await self._job(self._recover)
        while await self._job(lambda tx, tick: upkeep.expire(tx, tick.now)):
            pass
        while await self._job(lambda tx, tick: upkeep.forget(self._context, tx, tick.now)):
            pass
        await self._remains.wipe()

    def _recover(self, tx: Transaction, tick: Tick) -> int:
        return upkeep.recover(self._context, tx, tick.now, set(self._writer.held()))

    # -- waiting ----------------------------------------------------------------------------

    async def wait_for_work(self) -> None:
        """Return when something is due on a channel that has credits."""
        while True:
            self._changed.clear()
            due = self._next_due()
            if due is not None and due <= self._clock.now():
                return
            await self._until(due)

    def _next_due(self) -> int | None:
        if self._writer.fault is not None:
            return None
        times = [
            time
            for (channel, critical), time in self._writer.next_wake.items()
            if time is not None and self._places.free(channel, critical=critical) > 0
        ]
        return min(times, default=None)

    async def _until(self, due: int | None) -> None:
        waits: list[asyncio.Task[Any]] = [asyncio.ensure_future(self._changed.wait())]
        if due is not None:
            delay = due - self._clock.now()
            waits.append(asyncio.ensure_future(self._clock.sleep(delay)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def wake(self) -> None:
        """Make `wait_for_work` look again."""
        self._changed.set()

    # -- reading ----------------------------------------------------------------------------

    async def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        """List events and unmapped calls, newest first."""
        return await self._read(self._readers, lambda: self._history.events(wanted, part))

    async def raw_call(self, event_id: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        """Give an unmapped call."""
        return await self._read(self._readers, lambda: self._history.raw_call(event_id))

    async def event(self, event_id: int) -> EventDetail | None:
        """Give one event with its deliveries."""
        return await self._read(self._readers, lambda: self._history.event(event_id))

    async def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        return await self._read(self._readers, lambda: self._history.deliveries(wanted, part))

    async def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        """Give one delivery with its attempts."""
        return await self._read(self._readers, lambda: self._history.delivery(delivery_id))

    async def health(self) -> Health:
        """Give whether commits succeed, and the age of what waits."""
        oldest = await self._read(self._watchers, self._present.oldest_pending)
        return Health(self._writer.fault, oldest, self._checkpoints.trouble())

    async def backlog(self) -> Backlog:
        """Give whether commits succeed, and how much waits."""
        waiting = await self._read(self._watchers, self._present.backlog)
        return Backlog(self._writer.fault, waiting)

    # -- the threads ------------------------------------------------------------------------

    async def _read(self, thread: Executor, work: Callable[[], T]) -> T:
        try:
            return await self._loop.run_in_executor(thread, work)
        except connection.STORAGE_ERRORS as error:
            raise StoreFailed(f"the store cannot be read at present: {error}") from error

    async def _job(self, work: Callable[[Transaction, Tick], T], *, patient: bool = False) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.inbox.put(Job(future, work, patient))
        return await future

    def _from_writer(self, results: list[Result], handed: HandOver) -> None:
        # The loop is gone only when the process ends without close().
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._finish, results, handed)

    def _finish(self, results: list[Result], handed: HandOver) -> None:
        for future, value, error in results:
            if future.done():
                continue
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(value)
        if handed.batches or handed.withdrawn:
            self._receiver.take(handed)
        self._changed.set()

    async def flush(self) -> None:
        """Return when everything submitted before is committed or refused."""
        await self._job(lambda tx, tick: None)

    async def close(self) -> None:
        """Stop the writer after what is queued, and close the file."""
        # The last connection to close empties the log, so it must be one that may write.
        await self._loop.run_in_executor(self._readers, self._history.close)
        await self._loop.run_in_executor(self._watchers, self._present.close)
        await self._loop.run_in_executor(None, self._writer.stop)
        self._checkpoints.stop()
        self._readers.shutdown()
        self._watchers.shutdown()
        self._lock.release()
