"""Store and planner against a simple model, driven at random through crashes and time."""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifier.model.deliveries import Batch, Outcome, OutcomeKind
from notifier.model.events import Event, Party, same_party
from notifier.model.reasons import Reason
from notifier.model.states import OPEN, RETRYABLE, TERMINAL, State
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Instant
from notifier.store.views import DeliveryFilter, Slice
from tests.store_harness import JANE, JOHN, START, StoreHarness, critical, event

VIOLATIONS = {
    "an open batch has a member": """
        SELECT b.id FROM batch b WHERE b.state <> 'closed' AND NOT EXISTS (
          SELECT 1 FROM delivery d
          WHERE d.batch_id = b.id AND d.state IN ('pending', 'sending', 'unknown'))""",
    "a delivery follows its batch": """
        SELECT d.id, d.state, b.state FROM delivery d JOIN batch b ON b.id = d.batch_id
        WHERE d.state IN ('pending', 'sending', 'unknown')
          AND (b.state, d.state) NOT IN (VALUES
            ('sending', 'sending'), ('unknown', 'unknown'), ('waiting', 'pending'))""",
    "one open batch speaks of a ticket in a lane": """
        SELECT lane_id, ticket_id FROM delivery
        WHERE batch_id IS NOT NULL AND state IN ('pending', 'sending', 'unknown')
        GROUP BY lane_id, ticket_id HAVING count(DISTINCT batch_id) > 1""",
    "what may go is looked at again, or a settle will tell": """
        SELECT d.id FROM delivery d JOIN lane l ON l.id = d.lane_id
        WHERE d.state = 'pending' AND d.batch_id IS NULL AND l.wake_at IS NULL AND NOT EXISTS (
          SELECT 1 FROM batch b WHERE b.lane_id = l.id AND b.state <> 'closed')""",
}
"""Queries that must find nothing, by the rule they break."""

PEOPLE = (JOHN, JANE, replace(JOHN, phone="+14155550123"))
TICKETS = ("1", "2", "3", "4", "5", "6", "7", "8")

OUTCOMES = st.sampled_from(
    [
        OutcomeKind.SENT,
        OutcomeKind.SENT,
        OutcomeKind.SENT,
        OutcomeKind.REFUSED,
        OutcomeKind.HANDED_BACK,
        OutcomeKind.FAILED,
        OutcomeKind.UNKNOWN,
    ]
)


@dataclass
class Sent:
    """One submission as the provider would count it; `ended` is None while it is open."""

    address: str
    urgent: bool
    began: Instant
    ended: Instant | None = None


class Desk(RuleBasedStateMachine):
    """Tickets change hands, sends end in every way, the process crashes, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.runner.run(self._open())
        self.version = 0
        self.newest: dict[str, tuple[int, Party | None]] = {}
        self.known: dict[int, State] = {}
        self.flying: dict[int, tuple[Batch, Sent]] = {}
        self.log: list[Sent] = []
        self.started: set[int] = set()
        self.retried: set[int] = set()

    async def _open(self) -> None:
        self.desk = StoreHarness("sqlite", Path(self.folder.name))

    # -- what may happen --------------------------------------------------------------------

    @rule(
        ticket=st.sampled_from(TICKETS),
        person=st.sampled_from(PEOPLE),
        kind=st.sampled_from(["assigned", "assigned", "created", "updated"]),
        late=st.integers(0, 3),
        urgent=st.integers(0, 5),
    )
    def happens(self, ticket: str, person: Party, kind: str, late: int, urgent: int) -> None:
        self.version += 1
        version = max(1, self.version - late * 7)
        told = event(kind, ticket, person, version=version, at=self.desk.clock.now())
        self._post(critical(told) if urgent == 0 else told)

    @rule(ticket=st.sampled_from(TICKETS), kind=st.sampled_from(["unassigned", "resolved"]))
    def ends(self, ticket: str, kind: str) -> None:
        self.version += 1
        self._post(event(kind, ticket, None, version=self.version, at=self.desk.clock.now()))

    def _post(self, happened: Event) -> None:
        ticket, version = happened.ticket.id, self.version
        if isinstance(happened.ticket.version, int):
            version = happened.ticket.version
        before = self.newest.get(ticket)
        if before is None or version >= before[0]:
            holder = before[1] if before else None
            if happened.type == "ticket.unassigned":
                holder = None
            elif happened.assignee is not None:
                holder = happened.assignee
            self.newest[ticket] = (version, holder)
        self.runner.run(self.desk.post(happened))

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 99), kind=OUTCOMES, wait=st.sampled_from([SECOND, MINUTE, HOUR]))
    def ends_a_send(self, which: int, kind: OutcomeKind, wait: int) -> None:
        number = sorted(self.flying)[which % len(self.flying)]
        batch, sent = self.flying.pop(number)
        now = self.desk.clock.now()
        reason = None
        if kind is OutcomeKind.UNKNOWN and batch.was_unknown:
            kind, reason = OutcomeKind.FAILED, Reason.OUTCOME_UNKNOWN
        elif kind is OutcomeKind.FAILED:
            reason = Reason.REJECTED
        careful = batch.channel == "sms" and kind is OutcomeKind.UNKNOWN
        stored = b"exact" if kind is OutcomeKind.UNKNOWN else None
        outcome = Outcome(kind, reason, None if careful else now + wait, stored)
        counts = kind in (OutcomeKind.SENT, OutcomeKind.UNKNOWN) or reason is not None
        if counts and reason is not Reason.REJECTED:
            sent.ended = now
        else:
            self.log.remove(sent)
        self.runner.run(self.desk.settle(batch, outcome))

    @precondition(lambda self: any(b.channel == "sms" for b, _ in self.flying.values()))
    @rule()
    def begins_an_sms(self) -> None:
        batch = next(b for b, _ in self.flying.values() if b.channel == "sms")
        nonce = f"{batch.id}-{batch.fence}"
        if batch.id not in self.started and self.runner.run(self.desk.store.start(batch, nonce)):
            self.started.add(batch.id)

    @rule(passes=st.sampled_from([SECOND, 15 * SECOND, MINUTE]))
    def time_passes(self, passes: int) -> None:
        for _ in range(max(1, passes // (20 * SECOND))):
            self.runner.run(self.desk.advance(min(passes, 20 * SECOND)))
            self.runner.run(self.desk.store.renew())

    @rule(left=st.sampled_from([0, 1, 1000]))
    def places_change(self, left: int) -> None:
        self.desk.places.left = {"email": left, "sms": left}
        self.runner.run(self.desk.store.claim())

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 99))
    def operator_retries(self, which: int) -> None:
        number = sorted(self.known)[which % len(self.known)]
        done = self.runner.run(self.desk.retry(number))
        assert done is not None
        assert (done.refusal is None) == (done.found in RETRYABLE)
        if done.refusal is None:
            self.retried.add(number)
            self.known[number] = State.PENDING

    @precondition(lambda self: self.known)
    @rule(which=st.integers(0, 99))
    def operator_cancels(self, which: int) -> None:
        number = sorted(self.known)[which % len(self.known)]
        done = self.runner.run(self.desk.store.cancel(number))
        assert done is not None
        assert (done.refusal is None) == (done.found in OPEN)

    @rule()
    def sweeps(self) -> None:
        self.runner.run(self.desk.store.sweep())

    @rule()
    def crashes(self) -> None:
        now = self.desk.clock.now()
        for batch, sent in self.flying.values():
            if batch.channel == "email" or batch.id in self.started or batch.was_unknown:
                sent.ended = now
            else:
                self.log.remove(sent)
        self.flying.clear()
        self.runner.run(self.desk.restart())
        self.started.clear()

    # -- what must always hold --------------------------------------------------------------

    @invariant()
    def nothing_is_sent_above_the_limits(self) -> None:
        now = self.desk.clock.now()
        for batch in self.desk.taker.batches:
            sent = Sent(batch.address, batch.rank == 0, now)
            self.log.append(sent)
            self.flying[batch.id] = (batch, sent)
            mine = [one for one in self.log if one.address == batch.address]
            for count, length in ({"email": (5, MINUTE), "sms": (1, MINUTE)}[batch.channel],):
                inside = [one for one in mine if one.ended is None or one.ended > now - length]
                urgent = sum(one.urgent for one in inside)
                assert len(inside) - urgent <= count
                assert len(inside) <= count + 10
        self.desk.taker.batches.clear()

    @invariant()
    def rows_fit_together(self) -> None:
        rows = apsw.Connection(f"{self.folder.name}/notifier.db")
        found = {rule: list(rows.execute(query)) for rule, query in VIOLATIONS.items()}
        rows.close()
        assert found == {rule: [] for rule in VIOLATIONS}

    @invariant()
    def a_claim_never_spins(self) -> None:
        self.runner.run(self.desk.store.claim())
        rows = apsw.Connection(f"{self.folder.name}/notifier.db")
        for channel, left in self.desk.places.left.items():
            due = rows.execute(
                "SELECT count(*) FROM lane WHERE channel = ? AND wake_at <= ?",
                (channel, self.desk.clock.now()),
            ).get
            assert due == 0 or left <= 0 or self.desk.taker.batches
        rows.close()

    @invariant()
    def what_has_ended_stays_so_and_only_the_holder_is_waited_for(self) -> None:
        page = self.runner.run(self.desk.store.deliveries(DeliveryFilter(), Slice(100_000)))
        for view in page.items:
            before = self.known.get(view.id)
            if before in TERMINAL:
                assert view.state is before
            self.known[view.id] = view.state
            # Whom an operator wants to be told is told, whoever holds the ticket.
            if view.state is State.PENDING and view.id not in self.retried:
                holder = self.newest[view.ticket_id][1]
                assert holder is not None
                told = {JOHN.name: JOHN, JANE.name: JANE}[view.person_name]
                assert same_party(holder, told)

    def teardown(self) -> None:
        """Let everything come to its end: nothing is left open by its deadline + 60 s."""
        self.desk.places.left = {"email": -1000, "sms": -1000}
        for batch, _ in self.flying.values():
            self.runner.run(self.desk.settle(batch, Outcome(OutcomeKind.HANDED_BACK)))
        self.runner.run(self.desk.advance(DAY))
        self.runner.run(self.desk.store.sweep())
        page = self.runner.run(self.desk.store.deliveries(DeliveryFilter(), Slice(100_000)))
        left = [view for view in page.items if view.state not in TERMINAL]
        self.runner.run(self.desk.store.close())
        self.runner.close()
        self.folder.cleanup()
        assert left == []
        assert self.desk.clock.now() >= START


TestStoreAgainstItsModel = Desk.TestCase
TestStoreAgainstItsModel.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
