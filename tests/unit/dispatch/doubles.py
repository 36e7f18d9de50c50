"""What dispatch is tested against: a store in memory, and a scene that holds everything.

Takes batches that are due, gives what became of them. Refuses the questions that dispatch
never asks.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType

from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.dispatcher import Dispatcher, Means
from notifier.model import events
from notifier.model.deliveries import Batch, Member, OutcomeKind, Settled
from notifier.model.errors import Evidence
from notifier.model.events import Event, Ticket
from notifier.model.messages import Email, Medium, Message, Sms
from notifier.model.plans import RetryFunction
from notifier.model.times import HOUR, Clock, Instant, Millis
from notifier.store.base import Accepted, Backlog, HandOver, Health, Operated, Receiver, Recorded
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
from tests.fake_clock import FakeClock
from tests.scripted_channel import ScriptedChannel

START: Instant = 1_795_424_400_000
TTL: Millis = 24 * HOUR

_HAPPENED = Event("default", "call-1", "ticket.assigned", START, Ticket("123", "Printer", "123"))
_FACTS = events.to_facts(_HAPPENED)
_ADDRESSES = {"email": "john@example.com", "sms": "+14155550123"}


def batch(
    number: int = 1,
    *,
    channel: str = "email",
    to: str | None = None,
    rank: int = 2,
    ttl: Millis = TTL,
) -> Batch:
    head = ("default", "call-1", "ticket.assigned", START)
    member = Member(number, 1, 1, "123", rank, "John Smith", START + ttl, head, _FACTS)
    return Batch(
        id=number,
        fence=1,
        channel=channel,
        address=to or _ADDRESSES[channel],
        rank=rank,
        attempts=0,
        first_at=START,
        recipe="recipe",
        was_unknown=False,
        stored=None,
        members=(member,),
    )


def render(made_from: Batch, medium: Medium) -> Message:
    if medium is Medium.SMS:
        return Sms(f"[HIGH] Ticket #{made_from.id}", "GSM-7", 1)
    raw = made_from.stored or f"Subject: #{made_from.id}\r\n\r\n".encode()
    return Email(f"#{made_from.id}", "text", "<p>text</p>", raw)


def said(phase: str, code: int | None = None, reply: str | None = None) -> Evidence:
    return Evidence(phase, code, None, reply, "mail.example.com:25")


class StoreDouble:
    """The verbs that dispatch uses, in memory; `ended` holds every settle, in order."""

    def __init__(self, clock: Clock, room: ChannelCredits) -> None:
        self._clock = clock
        self._credits = room
        self._changed = asyncio.Event()
        self._due: list[tuple[Instant, Batch]] = []
        self.receiver: Receiver | None = None
        self.held: dict[int, Batch] = {}
        self.ended: list[tuple[Instant, Settled]] = []
        self.started: list[tuple[int, str]] = []
        self.renewals: list[Instant] = []
        self.sweeps: list[Instant] = []
        self.claims = 0
        self.lost: set[int] = set()
        self.lost_at_start: set[int] = set()
        self.faults: dict[str, deque[Exception]] = {}
        self.well = asyncio.Event()
        self.well.set()

    # -- what a test does -------------------------------------------------------------------

    def offer(self, *batches: Batch, at: Instant | None = None) -> None:
        due = self._clock.now() if at is None else at
        self._due += [(due, one) for one in batches]
        self._changed.set()

    def hand_over(self, *batches: Batch, withdrawn: Sequence[int] = ()) -> None:
        """Lease as a recording transaction does, whatever the credits."""
        for one in batches:
            self.held[one.id] = one
            self._credits.taken(one.channel, 1)
        assert self.receiver is not None
        self.receiver.take(HandOver(batches, tuple(withdrawn)))

    def fail(self, verb: str, *errors: Exception) -> None:
        self.faults.setdefault(verb, deque()).extend(errors)

    def kinds(self, number: int) -> list[OutcomeKind]:
        return [one.outcome.kind for _, one in self.ended if one.batch_id == number]

    def last(self, number: int) -> Settled:
        return [one for _, one in self.ended if one.batch_id == number][-1]

    def counts(self) -> Counter[OutcomeKind]:
        return Counter(one.outcome.kind for _, one in self.ended)

    # -- what dispatch does -----------------------------------------------------------------

    async def claim(self) -> None:
        self.claims += 1
        self._meet("claim")
        self._lease()

    def _lease(self) -> None:
        now = self._clock.now()
        leased: list[Batch] = []
        for entry in sorted(self._due, key=lambda entry: entry[1].rank):
            due, one = entry
            free = self._credits.free(one.channel, critical=one.rank == 0)
            if due <= now and free > sum(other.channel == one.channel for other in leased):
                leased.append(one)
                self._due.remove(entry)
        if leased:
            self.hand_over(*leased)

    async def start(self, batch: Batch, nonce: str) -> bool:
        self._meet("start")
        if batch.id in self.lost_at_start:
            self.lost.add(batch.id)
            return False
        self.started.append((batch.id, nonce))
        return True

    async def settle(self, settled: Settled) -> None:
        await self.well.wait()
        self._meet("settle")
        self.ended.append((self._clock.now(), settled))
        one = self.held.pop(settled.batch_id)
        outcome = settled.outcome
        if outcome.next_at is not None and one.id not in self.lost:
            counted = outcome.kind is not OutcomeKind.HANDED_BACK
            again = replace(
                one,
                fence=one.fence + 1,
                attempts=one.attempts + counted,
                was_unknown=one.was_unknown or outcome.kind is OutcomeKind.UNKNOWN,
                stored=outcome.stored or one.stored,
            )
            self.offer(again, at=outcome.next_at)
        self._lease()

    async def renew(self) -> Sequence[int]:
        self.renewals.append(self._clock.now())
        self._meet("renew")
        return sorted(self.lost)

    def still_held(self, batch: Batch) -> bool:
        return batch.id in self.held and batch.id not in self.lost

    async def sweep(self) -> None:
        self.sweeps.append(self._clock.now())
        self._meet("sweep")

    async def wait_for_work(self) -> None:
        while True:
            self._changed.clear()
            times = [
                due for due, one in self._due if self._credits.free(one.channel, critical=True)
            ]
            if times and min(times) <= self._clock.now():
                return
            waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._changed.wait())]
            if times:
                left = min(times) - self._clock.now()
                waits.append(asyncio.ensure_future(self._clock.sleep(left)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    def wake(self) -> None:
        self._changed.set()

    def _meet(self, verb: str) -> None:
        if self.faults.get(verb):
            raise self.faults[verb].popleft()

    # -- what dispatch never asks -----------------------------------------------------------

    async def record(self, call: Accepted) -> Recorded:
        raise AssertionError("dispatch never records")

    async def record_all(self, calls: Sequence[Accepted]) -> Sequence[Recorded]:
        raise AssertionError("dispatch never records")

    async def keep(self, call: UnmappedCall) -> int:
        raise AssertionError("dispatch never records")

    async def raw_call(self, event_id: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        raise AssertionError("dispatch never reads history")

    async def replayed(self, event_id: int, note: str, *, mapped: bool) -> None:
        raise AssertionError("dispatch never records")

    async def retry(self, delivery_id: int, plan: RetryFunction) -> Operated | None:
        raise AssertionError("dispatch asks for nothing that an operator does")

    async def cancel(self, delivery_id: int) -> Operated | None:
        raise AssertionError("dispatch asks for nothing that an operator does")

    async def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        raise AssertionError("dispatch never reads history")

    async def event(self, event_id: int) -> EventDetail | None:
        raise AssertionError("dispatch never reads history")

    async def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        raise AssertionError("dispatch never reads history")

    async def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        raise AssertionError("dispatch never reads history")

    async def backlog(self) -> Backlog:
        raise NotImplementedError

    async def health(self) -> Health:
        raise AssertionError("dispatch never asks for health")

    async def flush(self) -> None:
        raise AssertionError("dispatch never flushes")

    async def close(self) -> None:
        raise AssertionError("dispatch never closes the store")


class CountingMeter:
    """Remembers what dispatch counted."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str, str]] = []
        self.waited: list[tuple[str, list[Millis]]] = []

    def attempted(self, channel: str, outcome: str, reason: str) -> None:
        self.attempts.append((channel, outcome, reason))

    def sent(self, channel: str, waited: Iterable[Millis]) -> None:
        self.waited.append((channel, list(waited)))


class Scene:
    """Dispatch between a store and scripted channels, on a clock that the test moves."""

    def __init__(self, *, email_places: int = 4, sms_places: int = 2, jitter: float = 1.0) -> None:
        self.clock = FakeClock(START)
        self.email = ScriptedChannel(self.clock, Medium.EMAIL, email_places)
        self.sms = ScriptedChannel(self.clock, Medium.SMS, sms_places)
        self.credits = ChannelCredits({"email": email_places, "sms": sms_places})
        self.store = StoreDouble(self.clock, self.credits)
        self.meter = CountingMeter()
        self.render: Callable[[Batch, Medium], Message] = render
        numbers = count(1)
        self.dispatcher = Dispatcher(
            self.store,
            {"email": self.email, "sms": self.sms},
            lambda made_from, medium: self.render(made_from, medium),
            Means(
                self.clock,
                self.credits,
                lambda: jitter,
                lambda: f"nonce-{next(numbers)}",
                "recipe",
                self.meter,
            ),
        )
        self.store.receiver = self.dispatcher
        self.running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Scene":
        self.running = asyncio.create_task(self.dispatcher.run())
        await self.rest()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.running is not None
        self.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.running

    async def rest(self) -> None:
        await self.clock.rest(self._life)

    async def advance(self, duration: Millis) -> None:
        await self.clock.advance_to(self.clock.now() + duration, self._life)

    async def offer(self, *batches: Batch) -> None:
        """Let batches become due, and everything that follows from it happen."""
        self.store.offer(*batches)
        await self.rest()

    async def _life(self) -> object:
        return len(self.store.ended), len(self.email.tried), len(self.sms.tried)
