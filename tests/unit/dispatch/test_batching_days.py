"""Whole days of a lane, drawn at random: what the limiter and the batches promise."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.dispatch import limits
from notifier.dispatch.batching import LaneRules
from notifier.model.deliveries import Decision, DueBatch, LaneState, Token, Waiting
from notifier.model.rates import Limits, Window
from notifier.model.states import BatchState

NORMAL, RESERVE = Token.NORMAL, Token.RESERVE


@dataclass
class Sent:
    """A batch on its way, or waiting to be tried again (`ends` None)."""

    members: list[Waiting]
    token: Token
    starts: int
    ends: int | None
    accepted: int
    outcome: str


@dataclass
class Lane:
    """One lane as the store would keep it, with a provider that is slow and moody."""

    rules: LaneRules
    moods: Iterator[tuple[int, int, str]]
    stamps: list[tuple[int, Token]] = field(default_factory=list)
    pending: dict[int, Waiting] = field(default_factory=dict)
    batches: dict[int, Sent] = field(default_factory=dict)
    again_at: dict[int, int] = field(default_factory=dict)
    gate_at: int | None = None
    wake_at: int | None = None
    wire: list[tuple[int, Token]] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def arrive(self, now: int, ticket: int, rank: int, bundle: str) -> None:
        number = next(self.numbers)
        self.arrived.append(number)
        self.pending[number] = Waiting(number, ticket, rank, bundle, now)

    def flying(self) -> dict[Token, int]:
        tokens = [sent.token for sent in self.batches.values() if sent.ends is not None]
        return {token: tokens.count(token) for token in Token}

    def unblocked(self) -> list[Waiting]:
        busy = {one.ticket_id for sent in self.batches.values() for one in sent.members}
        return [one for one in self.pending.values() if one.ticket_id not in busy]

    def left(self, token: Token, now: int) -> int:
        windows = LIMITED.normal if token == NORMAL else LIMITED.reserve
        stamps = limits.stamped(self.stamps, token)
        return limits.free(windows, stamps, self.flying()[token], now)

    def claim(self, now: int) -> None:
        self.wake_at = now
        while self.wake_at == now:
            self.claim_once(now)

    def claim_once(self, now: int) -> None:
        state = LaneState("sms", tuple(self.stamps), self.flying(), self.gate_at)
        waiting = self.unblocked()
        due = [
            DueBatch(number, min(one.rank for one in self.batches[number].members), UNKNOWN)
            for number, at in self.again_at.items()
            if at <= now
        ]
        free = self.left(NORMAL, now)
        decision = self.rules.decide(state, waiting, due, now, 100)
        self.held_leave_as_one(waiting, decision, free)
        assert decision.again or decision.form or (decision.wake_at or now + 1) > now
        for number, token in decision.again:
            del self.again_at[number]
            self.start(number, self.batches[number].members, token, now)
        for batch in decision.form:
            members = [self.pending.pop(number) for number in batch.members]
            self.told += [self.pending.pop(number).delivery_id for number in batch.merged]
            self.start(next(self.numbers), members, batch.token, now)
        self.gate_at = decision.gate_at
        self.wake_at = min([*filter(None, [decision.wake_at]), *self.later(now)], default=None)
        self.nothing_waits_that_could_go(now)

    def later(self, now: int) -> list[int]:
        return [at for at in self.again_at.values() if at > now]

    def held_leave_as_one(self, waiting: list[Waiting], decision: Decision, free: int) -> None:
        if any(one.rank == 0 for one in waiting) or decision.again:
            return
        for bundle in {one.bundle for one in waiting}:
            here = {one.delivery_id for one in waiting if one.bundle == bundle}
            gone = [batch.members for batch in decision.form if here & set(batch.members)]
            held = self.gate_at and any(
                one.due_at < self.gate_at for one in waiting if one.bundle == bundle
            )
            if held or len(here) > free:
                assert len(gone) <= 1
            else:
                assert all(len(members) == 1 for members in gone)

    def nothing_waits_that_could_go(self, now: int) -> None:
        if self.wake_at == now:
            return
        left = self.unblocked()
        if left:
            assert self.left(NORMAL, now) == 0
        if any(one.rank == 0 for one in left):
            assert self.left(RESERVE, now) == 0

    def start(self, number: int, members: list[Waiting], token: Token, now: int) -> None:
        takes, accepted_after, outcome = next(self.moods)
        accepted = now + min(takes, accepted_after)
        self.batches[number] = Sent(members, token, now, now + takes, accepted, outcome)

    def settle(self, number: int, now: int) -> None:
        sent = self.batches[number]
        if sent.outcome == "refused":
            sent.ends = None
            self.again_at[number] = now + 5
            return
        self.wire.append((sent.accepted, sent.token))
        self.stamps.append((now, sent.token))
        del self.batches[number]
        self.told += [one.delivery_id for one in sent.members]

    def restart(self, now: int) -> None:
        for number, sent in self.batches.items():
            if sent.ends is not None:
                self.wire.append((min(sent.accepted, now), sent.token))
                self.stamps.append((now, sent.token))
                sent.ends = None
                self.again_at[number] = now

    def next_settle(self) -> tuple[int, int] | None:
        ends = [(s.ends, number) for number, s in self.batches.items() if s.ends is not None]
        return min(ends, default=None)

    def run_until(self, end: int) -> None:
        """Let settles and wake-ups happen, in order, up to and with `end`."""
        while True:
            settle = self.next_settle()
            times = [at for at in (settle and settle[0], self.wake_at) if at is not None]
            if not times or min(times) > end:
                return
            now = min(times)
            if settle and settle[0] == now:
                self.settle(settle[1], now)
            self.claim(now)


UNKNOWN = BatchState.UNKNOWN
LIMITED = Limits(normal=(Window(2, 20), Window(3, 45)), reserve=(Window(1, 30),))
FOREVER = 1_000_000

moods = st.lists(
    st.tuples(
        st.integers(0, 40), st.integers(0, 40), st.sampled_from(["sent", "refused", "unknown"])
    ),
    max_size=30,
)
arrivals = st.tuples(
    st.integers(1, 4), st.sampled_from([0, 1, 2, 2, 2, 3]), st.sampled_from(["", "", "digest"])
).map(lambda drawn: lambda lane, now: lane.arrive(now, *drawn))
restarts = st.just(lambda lane, now: lane.restart(now))
Happening = Callable[[Lane, int], None]
days = st.lists(st.tuples(st.integers(0, 30), arrivals | arrivals | restarts), max_size=25)


def then_always_sent(drawn: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    yield from drawn
    while True:
        yield (3, 1, "sent")


def play(drawn: list[tuple[int, int, str]], day: list[tuple[int, Happening]]) -> Lane:
    lane = Lane(LaneRules({"sms": LIMITED}, rollup_max=3), then_always_sent(drawn))
    now = 1
    for pause, happens in day:
        now += pause
        lane.run_until(now)
        happens(lane, now)
        lane.claim(now)
    lane.run_until(FOREVER)
    return lane


@given(moods, days)
@settings(max_examples=200, deadline=None)
def test_no_window_of_any_bucket_ever_holds_more_than_its_count(
    drawn: list[tuple[int, int, str]], day: list[tuple[int, Happening]]
) -> None:
    lane = play(drawn, day)
    for token, windows in ((NORMAL, LIMITED.normal), (RESERVE, LIMITED.reserve)):
        taken = [at for at, bucket in lane.wire if bucket == token]
        for window in windows:
            for start in taken:
                assert sum(start <= at < start + window.length for at in taken) <= window.count


@given(moods, days)
@settings(max_examples=200, deadline=None)
def test_everything_that_arrives_is_told_once_and_nothing_stays_behind(
    drawn: list[tuple[int, int, str]], day: list[tuple[int, Happening]]
) -> None:
    lane = play(drawn, day)
    assert not lane.pending
    assert not lane.batches
    assert sorted(lane.told) == lane.arrived
