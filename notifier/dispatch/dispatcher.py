"""The way out: takes leased batches, renders them, hands them to their channel, settles.

Takes what the store hands over, gives every batch an outcome. Refuses to send what is
withdrawn, past its deadline or no longer held, and anything while a channel is down or the
process leaves; such batches go back to the store as they were.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from notifier.channels.base import Channel
from notifier.dispatch import flights, outcomes, reports
from notifier.dispatch.breaker import Breaker
from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.flights import Flight
from notifier.dispatch.lines import Line
from notifier.dispatch.meters import Meter, Unmetered
from notifier.dispatch.outcomes import Try
from notifier.model import times
from notifier.model.deliveries import Batch, OutcomeKind, Settled
from notifier.model.errors import ChannelDown, DeliveryError, StoreError
from notifier.model.ids import IdMaker
from notifier.model.messages import Medium, Message, Outgoing, Receipt
from notifier.model.times import SECOND, Clock, Instant, Millis
from notifier.store.base import HandOver, Store

T = TypeVar("T")

_RENEW_EVERY: Millis = 10 * SECOND
_SWEEP_EVERY: Millis = 10 * SECOND
_WATCH_EVERY: Millis = 10 * SECOND
# A reply to a message may take minutes; from here on it counts as a sign that none will come.
_SILENCE: Millis = 30 * SECOND
_STUMBLE_PAUSE: Millis = SECOND
# When only critical places are left, the store sees work that it may not lease.
_NOTHING_PAUSE: Millis = SECOND // 5
# A delivery ends by its deadline and a minute; the settle and the sweep need some of it.
_OVERDUE: Millis = 30 * SECOND
_LAST_SETTLES: Millis = 2 * SECOND
_GOODBYE: Millis = 3 * SECOND


@dataclass(frozen=True, slots=True)
class Means:
    """What dispatch needs besides the store and the channels.

    `jitter` gives chances from 0 to 1; `nonce` gives a fresh name for each attempt; `recipe` is
    the fingerprint of what messages are made of now.
    """

    clock: Clock
    credits: ChannelCredits
    jitter: Callable[[], float]
    nonce: Callable[[], str]
    recipe: str
    meter: Meter = field(default_factory=Unmetered)


@dataclass(frozen=True, slots=True)
class _Station:
    """A channel with what stands before it."""

    channel: Channel
    line: Line = field(default_factory=Line)
    breaker: Breaker = field(default_factory=Breaker)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def title(self) -> str:
        return self.channel.about.title


class Dispatcher:
    """Implements notifier.store.base.Receiver, and runs until it is drained."""

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        render: Callable[[Batch, Medium], Message],
        means: Means,
    ) -> None:
        """Nothing runs yet; what is handed over waits for `run`."""
        self._store = store
        self._render = render
        self._means = means
        self._clock = means.clock
        self._stations = {name: _Station(channel) for name, channel in channels.items()}
        self._flights: dict[tuple[int, int], Flight] = {}
        self._looking: list[asyncio.Task[None]] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._places: list[asyncio.Task[None]] = []
        self._settling: set[asyncio.Task[None]] = set()
        self._handed = 0
        self._draining = False
        self._stopped = False

    def take(self, handed: HandOver) -> None:
        """Receive leased batches, and the ids of those that nobody wants any more."""
        self._handed += len(handed.batches)
        for batch in handed.batches:
            station = self._stations[batch.channel]
            flight = Flight(batch, station.channel.medium, self._means.nonce())
            self._flights[batch.id, batch.fence] = flight
            station.line.put(flight)
        for flight in self._flights.values() if handed.withdrawn else ():
            flight.withdrawn |= flight.batch.id in handed.withdrawn

    def down(self) -> tuple[str, ...]:
        """Give a sentence for each channel that is down."""
        return tuple(
            f"{station.title} is down since {times.to_text(station.breaker.down_since)}; "
            f"it is asked again at {times.to_text(station.breaker.probe_at)}."
            for station in self._stations.values()
            if station.breaker.down_since is not None
        )

    def breakers(self) -> dict[str, bool]:
        """Give by channel whether its breaker is open."""
        return {name: station.breaker.is_open for name, station in self._stations.items()}

    async def run(self) -> None:
        """Send until drained; cancelled, it leaves everything as a crash would."""
        if self._draining:
            return
        async with asyncio.TaskGroup() as group:
            start = self._begin = group.create_task
            self._looking = [start(self._repeat("looking for work", self._look))]
            self._keeping = [
                start(self._repeat("renewing leases", self._renew)),
                start(self._repeat("sweeping", self._sweep)),
                start(self._repeat("watching flights", self._watch)),
            ]
            for station in self._stations.values():
                probe = functools.partial(self._probe, station)
                self._looking.append(start(self._repeat("probing", probe)))
                count = station.channel.about.places
                for number in range(count):
                    # One place is kept for what cannot wait for a slow provider.
                    only_critical = number == 0 and count > 1
                    self._places.append(start(self._place(station, only_critical)))

    async def drain(self, grace: Millis) -> None:
        """Take nothing more, let flights land within `grace`, stop the rest, settle it all."""
        self._draining = True
        self._means.credits.shut_all()
        for task in self._looking:
            task.cancel()
        await self._at_most(grace, self._landed(self._close_lines()))
        self._stopped = True
        for flight in self._flights.values():
            if flight.sending is not None:
                flight.sending.cancel()
        await self._at_most(_LAST_SETTLES, self._landed(self._close_lines()))
        goodbyes = [self._guarded(station.channel.close()) for station in self._stations.values()]
        await self._at_most(_GOODBYE, asyncio.gather(*goodbyes))
        for task in (*self._keeping, *self._places, *self._settling):
            task.cancel()

    def _close_lines(self) -> list[Flight]:
        return [flight for station in self._stations.values() for flight in station.line.close()]

    async def _landed(self, waiting: Iterable[Flight]) -> None:
        await self._hand_back(waiting)
        if self._places:
            await asyncio.wait(self._places)
        if self._settling:
            await asyncio.wait(self._settling)

    async def _at_most(self, limit: Millis, work: Awaitable[Any]) -> None:
        timer = asyncio.ensure_future(self._clock.sleep(limit))
        task = asyncio.ensure_future(work)
        await asyncio.wait({timer, task}, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        task.cancel()

    # -- one flight -------------------------------------------------------------------------

    async def _place(self, station: _Station, only_critical: bool) -> None:
        while (flight := await station.line.get(only_critical=only_critical)) is not None:
            ended = await self._fly(station, flight)
            # The place does not wait for the commit, so that one commit settles many flights;
            # credits bound how many are on their way to it.
            settling = self._begin(self._settle(flight, ended))
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)
            if station.breaker.is_open:
                await self._hand_back(station.line.remove(lambda waiting: True))

    async def _fly(self, station: _Station, flight: Flight) -> Settled:
        if self._unfit(station, flight):
            return self._unsent(flight)
        flight.started_at = self._clock.now()
        sending = asyncio.create_task(self._guarded(self._send(station.channel, flight)))
        flight.sending = sending
        try:
            await asyncio.wait({sending})
        finally:
            sending.cancel()
        result = self._result(station, flight, sending)
        now = self._clock.now()
        careful = station.channel.about.commits_start
        made = Try(flight.batch, flight.medium, careful, flight.message, now, self._means.jitter())
        outcome = outcomes.outcome_of(result, made)
        reports.ended(station.title, flight, result, outcome)
        settled = flights.settled(flight, result, outcome, now)
        self._count(settled, flight.batch, now)
        return settled

    def _count(self, settled: Settled, batch: Batch, now: Instant) -> None:
        if settled.attempt is None:
            return
        outcome, meter = settled.outcome, self._means.meter
        meter.attempted(batch.channel, outcome.kind.value, outcome.reason or "")
        if outcome.kind is OutcomeKind.SENT:
            meter.sent(batch.channel, (now - IdMaker.made_at(m.event_id) for m in batch.members))

    async def _send(self, channel: Channel, flight: Flight) -> Receipt:
        batch = flight.batch
        if batch.stored is None and batch.recipe != self._means.recipe:
            # Only after a crash: what was sent then was made by other settings or templates.
            reports.made_anew(flight)
        flight.message = self._render(batch, flight.medium)
        if channel.about.commits_start:
            await self._announce(flight)
        left = max((batch.expires_at - self._clock.now()) // SECOND, 1)
        outgoing = Outgoing(flight.message, batch.address, flight.nonce, left)
        return await channel.send(outgoing, functools.partial(self._may_depart, flight))

    async def _announce(self, flight: Flight) -> None:
        try:
            flight.announced = await self._store.start(flight.batch, flight.nonce)
        except StoreError as error:
            raise flights.not_ours(flight) from error
        if not flight.announced:
            raise flights.not_ours(flight)

    def _unfit(self, station: _Station, flight: Flight) -> bool:
        return self._draining or station.breaker.is_open or not self._wanted(flight)

    def _may_depart(self, flight: Flight) -> bool:
        ours = not self._stopped and self._wanted(flight)
        if ours and not flight.departed:
            flight.departed, flight.heard_at = True, self._clock.now()
        return ours

    def _wanted(self, flight: Flight) -> bool:
        batch = flight.batch
        in_time = self._clock.now() < batch.expires_at
        return in_time and not flight.withdrawn and self._store.still_held(batch)

    def _result(
        self, station: _Station, flight: Flight, sending: asyncio.Task[Receipt | Exception]
    ) -> Receipt | DeliveryError:
        """Give how the send ended, and let the breaker learn of it if the provider spoke."""
        if sending.cancelled():
            return flights.interrupted(flight)
        result = sending.result()
        if not isinstance(result, Receipt | DeliveryError):
            reports.stumbled("a send failed by a fault of our own", result)
            careful = station.channel.about.commits_start
            return flights.unforeseen(flight, result, careful=careful)
        self._learn(station, result)
        return result

    def _learn(self, station: _Station, result: Receipt | DeliveryError) -> None:
        if station.breaker.learn(result, self._clock.now()):
            self._means.credits.shut(station.channel.name)
            station.opened.set()
            reports.channel_down(station.title, result, station.breaker.probe_at)

    async def _settle(self, flight: Flight, settled: Settled) -> None:
        result = await self._guarded(self._store.settle(settled))
        if isinstance(result, Exception):
            reports.stumbled("an outcome could not be settled", result)
        self._flights.pop((flight.batch.id, flight.batch.fence), None)
        self._means.credits.give_back(flight.batch.channel)
        self._store.wake()

    async def _hand_back(self, waiting: Iterable[Flight]) -> None:
        await asyncio.gather(*(self._settle(flight, self._unsent(flight)) for flight in waiting))

    def _unsent(self, flight: Flight) -> Settled:
        return flights.unsent(flight, outcomes.handed_back(flight.batch, self._clock.now()))

    # -- loops ------------------------------------------------------------------------------

    async def _guarded(self, work: Awaitable[T]) -> T | Exception:
        """Give what the work gives, or the error that ended it: nothing here may die of it."""
        try:
            return await work
        except Exception as error:
            return error

    async def _repeat(self, what: str, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            result = await self._guarded(step())
            if result is not None:
                reports.stumbled(what, result)
                await self._clock.sleep(_STUMBLE_PAUSE)

    async def _look(self) -> None:
        before = self._handed
        await self._store.wait_for_work()
        await self._store.claim()
        if self._handed == before:
            await self._clock.sleep(_NOTHING_PAUSE)

    async def _renew(self) -> None:
        await self._clock.sleep(_RENEW_EVERY)
        lost = await self._store.renew()
        if lost:
            reports.leases_lost(len(lost))

    async def _sweep(self) -> None:
        await self._clock.sleep(_SWEEP_EVERY)
        for station in self._stations.values():
            await self._hand_back(station.line.remove(functools.partial(self._unfit, station)))
        await self._store.sweep()

    async def _watch(self) -> None:
        """Let silence count against providers, and give up flights that outlast their deadline."""
        await self._clock.sleep(_WATCH_EVERY)
        now = self._clock.now()
        for flight in self._flights.values():
            if flight.sending is None or flight.sending.done():
                continue
            if now >= flight.batch.expires_at + _OVERDUE:
                flight.sending.cancel()
            elif flight.departed and now - flight.heard_at >= _SILENCE:
                flight.heard_at = now
                self._learn(self._stations[flight.batch.channel], flights.silence(flight))

    async def _probe(self, station: _Station) -> None:
        await station.opened.wait()
        wait = station.breaker.probe_at - self._clock.now()
        if wait > 0:
            await self._clock.sleep(wait)
            return
        result = await self._guarded(station.channel.probe())
        if result is None:
            station.opened.clear()
            station.breaker.probe_succeeded()
            self._means.credits.reopen(station.channel.name)
            reports.channel_up(station.title)
            self._store.wake()
            return
        hold = result.hold if isinstance(result, ChannelDown) else None
        station.breaker.probe_failed(hold, self._clock.now())
        reports.channel_down(station.title, result, station.breaker.probe_at)
