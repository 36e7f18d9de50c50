"""The store as the rest of the service sees it: one verb per use case, never SQL.

Takes accepted events and outcomes, gives recorded answers, leased batches and history.
Refuses work it cannot commit (StoreFailed) or queue (StoreBusy).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

from notifier.model.deliveries import Batch, Settled
from notifier.model.events import Event
from notifier.model.people import Entry, Key, Person, PersonFilter, Written
from notifier.model.plans import PlanFunction, RetryFunction, Types
from notifier.model.states import State
from notifier.model.times import Instant, Millis
from notifier.model.values import value
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


@value
class Accepted:
    """A verified call, or one item of it, on its way to the store.

    `body_hash` (SHA-256) tells a repeat from another body under the same id; None: under the
    same id everything is a repeat. `addresses` are the (channel, address) pairs whose
    suppressions the plan may ask for, `names` the keys by which the directory may know its
    parties. `types`, where given, are asked inside the transaction,
    with what was last known of the ticket, for the types of the events that this becomes; without
    any nothing but the id is kept. `remember` is for how long the id is known, None: as long as
    StoreOptions says. Items of one call share `whole`, and `body` is kept with the first event of
    them only; None where it was kept already.
    """

    event: Event
    body: bytes | None
    body_hash: bytes | None
    addresses: tuple[tuple[str, str], ...]
    plan: PlanFunction
    names: tuple[Key, ...] = ()
    types: Types | None = None
    remember: Millis | None = None
    whole: object | None = None


RecordStatus = Literal["accepted", "ignored", "duplicate", "conflict", "unmapped"]


@value
class Recorded:
    """The answer to a call, released by the commit that made it durable.

    `conflict`: the id is known with another body; nothing was stored. `unmapped`: the call was
    kept as it came. `event_id` is the first of `events`, None when there is none. `types` are
    those of new events whose types were asked for.
    """

    event_id: int | None
    status: RecordStatus
    note: str | None
    deliveries: tuple[DeliveryView, ...]
    events: tuple[int, ...] = ()
    types: tuple[str, ...] = ()


@value
class Operated:
    """What an operator's wish met: the state it found, and why nothing was done, if so."""

    found: State
    refusal: str | None


@value
class HandOver:
    """What a commit gives to dispatch: leased batches, and batches that nobody wants any more."""

    batches: tuple[Batch, ...]
    withdrawn: tuple[int, ...]


class Receiver(Protocol):
    """Dispatch, as far as the store knows it. Both are called on the event loop's thread."""

    def take(self, handed: HandOver) -> None:
        """Receive what a commit handed over; never blocks."""
        ...


class Credits(Protocol):
    """Free places per channel; asked by the writer's thread, so it must be thread-safe."""

    def free(self, channel: str, *, critical: bool) -> int:
        """Give how many batches the channel may still take; 0 while it is down or draining."""
        ...

    def taken(self, channel: str, count: int) -> None:
        """Learn that `count` batches were leased; dispatch gives them back when it is done."""
        ...


@value
class Health:
    """`fault` is None while the last commit succeeded; `oldest_pending` is by channel.

    `trouble` is what an operator should look at though commits succeed, in sentences.
    """

    fault: str | None
    oldest_pending: dict[str, Instant]
    trouble: tuple[str, ...] = ()


@value
class Backlog:
    """`fault` as in Health; `waiting` is by channel: how many are pending, the oldest since when.

    A channel on which nothing waits is left out.
    """

    fault: str | None
    waiting: dict[str, tuple[int, Instant]]


class Meter(Protocol):
    """Counts what the store does; called on the writer's thread."""

    def ticking(self, size: int) -> AbstractContextManager[object]:
        """Time a transaction of `size` pieces of work."""
        ...

    def held(self, channel: str, count: int) -> None:
        """Learn how often something due was held back, because its lane's limit was used up."""
        ...


class Unmetered:
    """Counts nothing."""

    def ticking(self, size: int) -> AbstractContextManager[object]:
        """Time nothing."""
        return nullcontext()

    def held(self, channel: str, count: int) -> None:
        """Let it pass."""


class Store(Protocol):
    """Everything that survives a crash."""

    async def record(self, call: Accepted) -> Recorded:
        """Plan and commit one call, together with whatever else waits for a commit.

        What became due is claimed in the same transaction. Not undone by cancellation.
        Raises StoreBusy and StoreFailed; in both cases nothing was stored.
        """
        ...

    async def record_all(self, calls: Sequence[Accepted]) -> Sequence[Recorded]:
        """Record the items of one call, at most 64, in order and as far as possible at once.

        Raises as `record` does; some may have been stored then, and are repeats the next time.
        """
        ...

    async def keep(self, call: UnmappedCall) -> int:
        """Keep a call that no event could be made of; give its id, or that of the same one before.

        Raises as `retry` does.
        """
        ...

    async def raw_call(self, event_id: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        """Give a call that was kept, and what it was; None for that when it was erased."""
        ...

    async def replayed(self, event_id: int, note: str, *, mapped: bool) -> None:
        """Note what came of reading a kept call again; nothing changes once it was `mapped`.

        Raises as `retry` does.
        """
        ...

    async def retry(self, delivery_id: int, plan: RetryFunction) -> Operated | None:
        """Let an ended delivery wait again, its attempts kept, its address no longer suppressed.

        It is claimed in the same transaction if it may leave. None when there is no such
        delivery. Raises StoreBusy and StoreFailed; in both cases nothing was changed.
        """
        ...

    async def cancel(self, delivery_id: int) -> Operated | None:
        """Withdraw a delivery: cancelled if it waits, else marked, and sent wins.

        None when there is no such delivery. Raises as `retry` does.
        """
        ...

    async def claim(self) -> None:
        """Lease what is due, as far as there are credits, and hand it over."""
        ...

    async def start(self, batch: Batch, nonce: str) -> bool:
        """Commit that an irreversible attempt begins; False when the lease is lost."""
        ...

    async def settle(self, settled: Settled) -> None:
        """Commit an outcome; repeated until it commits, ignored when the lease was lost."""
        ...

    async def renew(self) -> Sequence[int]:
        """Extend the leases this process holds; give the ids of batches it lost."""
        ...

    def still_held(self, batch: Batch) -> bool:
        """Tell, without waiting, whether the lease holds long enough for one more write."""
        ...

    async def sweep(self) -> None:
        """Expire, audit, forget what is past its retention; in small slices."""
        ...

    async def wait_for_work(self) -> None:
        """Return when something is, or may be, due on a channel that has credits."""
        ...

    def wake(self) -> None:
        """Make `wait_for_work` look again: credits came back."""
        ...

    async def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        """List events, and calls that no event could be made of, newest first."""
        ...

    async def event(self, event_id: int) -> EventDetail | None:
        """Give one event with its deliveries."""
        ...

    async def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        ...

    async def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        """Give one delivery with its attempts and what is needed to render its message."""
        ...

    async def health(self) -> Health:
        """Give whether commits succeed, and the age of what waits."""
        ...

    async def backlog(self) -> Backlog:
        """Give whether commits succeed, and how much waits; costs a look at all that waits."""
        ...

    async def flush(self) -> None:
        """Return when everything submitted before is committed or refused."""
        ...

    async def close(self) -> None:
        """Stop the writer, after what is queued, and close the file."""
        ...


class PeopleStore(Protocol):
    """The directory of people, as far as operators keep it."""

    async def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        """List people, newest first."""
        ...

    async def person(self, who: str | int) -> Person | None:
        """Give one, by the operator's own name or by the service's id."""
        ...

    async def enter(self, entries: Sequence[Entry], *, dry: bool = False) -> Sequence[Written]:
        """Write what an operator says of people, in one transaction; `dry` only says what would be.

        Raises as `retry` does.
        """
        ...

    async def erase(self, who: str | int) -> bool:
        """Erase a person everywhere, in slices, and the remains in the file; False: no such one.

        What waits for them is cancelled, what is being sent withdrawn. Raises StoreFailed; asked
        again, it goes on.
        """
        ...
