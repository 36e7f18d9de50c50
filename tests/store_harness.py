"""A store under test with everything around it that is not the store: clock, places, a receiver.

A second store joins the conformance suite by one more line in STORES.
"""

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from notifier.dispatch.batching import LaneRules
from notifier.model.deliveries import Attempt, Batch, Decide, Outcome, OutcomeKind, Settled
from notifier.model.events import Event, Party, Priority, Ticket
from notifier.model.messages import Receipt
from notifier.model.plans import (
    Again,
    Anew,
    Found,
    LookUp,
    Memory,
    Plan,
    PlanFunction,
    Unaddressed,
)
from notifier.model.rates import Limits, Window
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Clock, Instant
from notifier.planning import audience, operator, people, plan
from notifier.planning.policy import Policy
from notifier.store.base import Accepted, HandOver, Operated, Recorded, Store
from notifier.store.context import StoreOptions
from notifier.store.sqlite import SqliteStore
from notifier.store.views import DeliveryDetail
from tests.fake_clock import FakeClock

START: Instant = 1_795_424_400_000
"""2026-11-23T09:00:00Z."""

JOHN = Party(id="7", name="John Smith", email="john@example.com")
JANE = Party(id="8", name="Jane Doe", email="jane@example.com")
ADMIN = Party(id="1", name="Administrator")

LIMITS = {
    "email": Limits((Window(5, MINUTE), Window(60, HOUR)), (Window(10, MINUTE),)),
    "sms": Limits((Window(1, MINUTE), Window(5, 15 * MINUTE)), (Window(10, MINUTE),)),
}

POLICY = Policy(
    notify_self=False,
    same_save_window=60 * SECOND,
    sms_min_rank=3,
    default_region=None,
    ttl={"email": DAY, "sms": HOUR},
    enabled=frozenset({"email", "sms"}),
    configured=frozenset({"email", "sms"}),
)

OPTIONS = StoreOptions(
    channels=("email", "sms"),
    careful=frozenset({"sms"}),
    horizon={"email": HOUR, "sms": 15 * MINUTE},
    recipe="recipe",
)


def open_sqlite(folder: Path, options: StoreOptions, decide: Decide, clock: Clock) -> SqliteStore:
    return SqliteStore(folder / "notifier.db", options, decide, clock)


STORES: dict[str, Callable[[Path, StoreOptions, Decide, Clock], SqliteStore]] = {
    "sqlite": open_sqlite,
}


class Places:
    """Free places that a test sets by hand."""

    def __init__(self) -> None:
        self.left = {"email": 1000, "sms": 1000}
        self.reserve = 0

    def free(self, channel: str, *, critical: bool) -> int:
        return self.left[channel] + (self.reserve if critical else 0)

    def taken(self, channel: str, count: int) -> None:
        self.left[channel] -= count


class Taker:
    """Receives what the store hands over."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.unwanted: list[int] = []

    def take(self, handed: HandOver) -> None:
        self.batches += handed.batches
        self.unwanted += handed.withdrawn


def event(
    kind: str = "assigned",
    ticket: str = "123",
    to: Party | None = JOHN,
    version: int | None = None,
    at: Instant = START,
) -> Event:
    facts = Ticket(ticket, "Printer Not Working", ticket, version=version)
    return Event("default", "", f"ticket.{kind}", at, facts, assignee=to, actor=ADMIN)


def critical(happened: Event) -> Event:
    return replace(happened, ticket=replace(happened.ticket, priority=Priority.CRITICAL))


class StoreHarness:
    """Opens, restarts and drives one store."""

    def __init__(self, name: str, folder: Path, options: StoreOptions = OPTIONS) -> None:
        self._make = STORES[name]
        self._folder = folder
        self._options = options
        self._rules = LaneRules(LIMITS)
        self._calls = 0
        self.clock = FakeClock(START)
        self.places = Places()
        self.taker = Taker()
        self.store = self._open()

    def _open(self) -> SqliteStore:
        store = self._make(self._folder, self._options, self._rules.decide, self.clock)
        store.open(self.places, self.taker)
        return store

    async def restart(self) -> None:
        """End the process as a crash would, as far as the store can tell, and begin again."""
        await self.store.close()
        self.places = Places()
        self.taker = Taker()
        self.store = self._open()
        await self.store.flush()

    async def advance(self, milliseconds: int) -> None:
        """Let time pass, then let the store look for work."""
        await self.clock.advance_to(self.clock.now() + milliseconds, self.store.flush)
        await self.store.claim()

    async def post(
        self,
        happened: Event,
        key: str | None = None,
        body: bytes | None = None,
        planner: PlanFunction | None = None,
    ) -> Recorded:
        """Record an event under a fresh webhook id, or under `key`."""
        self._calls += 1
        named = replace(happened, webhook_id=key or f"call-{self._calls}")
        raw = body or json.dumps({"type": named.type}).encode()
        return await self.store.record(
            Accepted(
                event=named,
                body=raw,
                body_hash=hashlib.sha256(raw).digest(),
                addresses=audience.addresses_of(named, POLICY),
                plan=planner or _plan,
                names=people.names_of(named, POLICY),
            )
        )

    async def settle(
        self, batch: Batch, outcome: Outcome | OutcomeKind, fence: int | None = None
    ) -> None:
        """Settle a batch as dispatch would."""
        now = self.clock.now()
        receipt = Receipt("queued-1", 250, "2.0.0", "ok", "127.0.0.1:25")
        if isinstance(outcome, OutcomeKind):
            outcome = Outcome(outcome)
        made = outcome.kind is not OutcomeKind.HANDED_BACK
        attempt = Attempt(now, now, "dot", "nonce", receipt, "digest") if made else None
        await self.store.settle(Settled(batch.id, fence or batch.fence, outcome, attempt))
        self.places.left[batch.channel] += 1

    async def retry(self, number: int, policy: Policy = POLICY) -> Operated | None:
        """Let an operator have a delivery sent after all."""
        return await self.store.retry(number, functools.partial(_again, policy))

    async def state_of(self, number: int) -> str:
        """Give state and reason of a delivery as `state` or `state: reason`."""
        view = (await self.detail(number)).view
        return f"{view.state}: {view.reason}" if view.reason else str(view.state)

    async def detail(self, number: int) -> DeliveryDetail:
        found = await self.store.delivery(number)
        assert found is not None
        return found


def _plan(happened: Event, memory: Memory, now: Instant) -> Plan:
    return plan.plan(happened, memory, POLICY, now)


def _again(policy: Policy, found: Found | Unaddressed, now: Instant) -> Again | Anew | LookUp | str:
    return operator.again(found, policy, now)


def as_store(harness: StoreHarness) -> Store:
    """Hold the implementation against the protocol, for the type checker."""
    return harness.store
