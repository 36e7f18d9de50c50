"""Metering: what the parts count, and how it reads as Prometheus' text.

Takes what the parts report while they work, and asks store and dispatcher when it is read. Gives
one text without an address, a name, a title or a secret, and without a label per recipient.
Refuses nothing: a store that cannot be read shows as a fault. The only module that knows the
metrics library; every part sees a small protocol of its own.
"""

import asyncio
import platform
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from notifier import __version__
from notifier.model.errors import StoreFailed
from notifier.model.times import SECOND, Clock, Instant, Millis
from notifier.store.base import Backlog

_LATENCY = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400)
_TICK_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_TICK_SIZE = (1, 2, 4, 8, 16, 32, 64, 128, 256, 336)
_LAG = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_LAG_EVERY = 0.25
_FRESH: Millis = SECOND

Observe = Callable[[float], None]
Sleep = Callable[[float], Awaitable[object]]

# A second series for each counter that only says when it began.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Backlogged(Protocol):
    """The store, as far as it is asked here."""

    async def backlog(self) -> Backlog:
        """Give whether commits succeed, and what waits."""
        ...


class Switched(Protocol):
    """The dispatcher, as far as it is asked here."""

    def breakers(self) -> Mapping[str, bool]:
        """Give by channel whether its breaker is open."""
        ...


class Meters:
    """What is counted while the parts work; each method costs about a microsecond."""

    def __init__(self, channels: Sequence[str]) -> None:
        """The series of each channel exist from the start, so that an alert can see a zero."""
        self.registry = CollectorRegistry()
        self._count_the_way_in()
        self._count_the_way_out(channels)
        self._count_the_machine()

    def _count_the_way_in(self) -> None:
        self._events = _Counts(
            Counter(
                "notifier_events",
                "Webhooks that were verified, read and committed (duplicates: known already).",
                ("source", "type", "status"),
                registry=self.registry,
            )
        )
        self._refused = _Counts(
            Counter(
                "notifier_refused",
                "Calls that were answered with an error, by its code.",
                ("cause",),
                registry=self.registry,
            )
        )

    def _count_the_way_out(self, channels: Sequence[str]) -> None:
        self._attempts = _Counts(
            Counter(
                "notifier_attempts",
                "Tries to hand a message to a provider, by how they ended.",
                ("channel", "outcome", "reason"),
                registry=self.registry,
            )
        )
        latency = Histogram(
            "notifier_accept_to_sent_seconds",
            "From the commit of an event to the provider's word that it took the message.",
            ("channel",),
            buckets=_LATENCY,
            registry=self.registry,
        )
        self._latency = {name: latency.labels(name).observe for name in channels}
        self._holds = Counter(
            "notifier_limiter_holds",
            "Times that something due was held back because its recipient's limit was used up.",
            ("channel",),
            registry=self.registry,
        )
        for name in channels:
            self._holds.labels(name)

    def _count_the_machine(self) -> None:
        self._tick_size = Histogram(
            "notifier_store_tick_size",
            "Pieces of work in one commit of the store.",
            buckets=_TICK_SIZE,
            registry=self.registry,
        )
        self._tick_seconds = Histogram(
            "notifier_store_tick_seconds",
            "How long one transaction of the store took, its commit included.",
            buckets=_TICK_SECONDS,
            registry=self.registry,
        )
        self._lag = Histogram(
            "notifier_event_loop_lag_seconds",
            "How much later than asked for the event loop came back, measured four times a second.",
            buckets=_LAG,
            registry=self.registry,
        )
        build = Gauge(
            "notifier_build_info",
            "Which version runs, on which Python.",
            ("version", "python"),
            registry=self.registry,
        )
        build.labels(__version__, platform.python_version()).set(1)
        prometheus_client.ProcessCollector(registry=self.registry)

    def received(self, source: str, kind: str, status: str) -> None:
        """Count a webhook that was committed, or known already."""
        self._events.add(source, kind, status)

    def refused(self, cause: str) -> None:
        """Count a call that was answered with an error."""
        self._refused.add(cause)

    def attempted(self, channel: str, outcome: str, reason: str) -> None:
        """Count a try; `reason` is empty when there is none."""
        self._attempts.add(channel, outcome, reason)

    def sent(self, channel: str, waited: Iterable[Millis]) -> None:
        """Observe how long each delivery of a sent batch took from its acceptance."""
        observe = self._latency[channel]
        for duration in waited:
            observe(duration / SECOND)

    def ticking(self, size: int) -> "_Ticking":
        """Time a transaction of `size` pieces of work; one that fails is not counted."""
        return _Ticking(self._tick_size.observe, self._tick_seconds.observe, size)

    def held(self, channel: str, count: int) -> None:
        """Count that something due was held back because of a limit."""
        self._holds.labels(channel).inc(count)

    async def watch_loop(self, sleep: Sleep = asyncio.sleep) -> None:
        """Measure the lag of the event loop until cancelled."""
        while True:
            begun = time.perf_counter()
            await sleep(_LAG_EVERY)
            self._lag.observe(max(time.perf_counter() - begun - _LAG_EVERY, 0.0))


class _Ticking:
    """Around one transaction; a class, because a generator would cost as much as it measures."""

    __slots__ = ("_begun", "_seconds", "_size", "_sizes")

    def __init__(self, sizes: Observe, seconds: Observe, size: int) -> None:
        self._sizes = sizes
        self._seconds = seconds
        self._size = size

    def __enter__(self) -> None:
        self._begun = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self._seconds(time.perf_counter() - self._begun)
            self._sizes(self._size)


class _Counts:
    """A counter whose series are looked up once for each combination of labels."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._adders: dict[tuple[str, ...], Callable[[], None]] = {}

    def add(self, *labels: str) -> None:
        adder = self._adders.get(labels)
        if adder is None:
            adder = self._adders[labels] = self._counter.labels(*labels).inc
        adder()


class Exposition:
    """Reads the meters, and asks store and dispatcher what they alone know."""

    def __init__(
        self, meters: Meters, store: Backlogged, dispatcher: Switched, clock: Clock
    ) -> None:
        """What is read stays fresh for a second, so that reading often costs nobody much."""
        self._registry = meters.registry
        self._store = store
        self._dispatcher = dispatcher
        self._clock = clock
        self._text = b""
        self._read_at: Instant | None = None
        self._reading = asyncio.Lock()
        self._channels: set[str] = set()
        self._fault = Gauge(
            "notifier_store_fault",
            "1 while nothing can be committed or read, else 0.",
            registry=self._registry,
        )
        self._pending = self._by_channel("pending", "Deliveries that wait to be sent.")
        self._oldest = self._by_channel(
            "oldest_pending_seconds", "How long the oldest of them has waited; 0 when none does."
        )
        self._breaker = self._by_channel(
            "breaker_open", "1 while nothing is sent because the provider is at fault, else 0."
        )

    def _by_channel(self, name: str, sentence: str) -> Gauge:
        return Gauge(f"notifier_{name}", sentence, ("channel",), registry=self._registry)

    async def read(self) -> bytes:
        """Give everything in Prometheus' text format 0.0.4."""
        async with self._reading:
            now = self._clock.now()
            if self._read_at is None or now - self._read_at >= _FRESH:
                await self._ask(now)
                self._text = prometheus_client.generate_latest(self._registry)
                self._read_at = now
            return self._text

    async def _ask(self, now: Instant) -> None:
        breakers = self._dispatcher.breakers()
        for channel, is_open in breakers.items():
            self._breaker.labels(channel).set(is_open)
        try:
            backlog = await self._store.backlog()
        except StoreFailed:
            self._fault.set(1)
            return
        self._fault.set(backlog.fault is not None)
        # On a channel that was switched off something may wait still, and then nothing any more.
        self._channels |= breakers.keys() | backlog.waiting.keys()
        for channel in self._channels:
            count, since = backlog.waiting.get(channel, (0, now))
            self._pending.labels(channel).set(count)
            self._oldest.labels(channel).set(max(now - since, 0) / SECOND)
