"""What a lane sends now: which batches again, which deliveries alone, which as a roll-up.

Takes a lane, what waits in it and the free places, gives a decision. Refuses nothing; what
may not leave yet stays, with the instant to look again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from notifier.dispatch import limits
from notifier.model.deliveries import Decision, DueBatch, LaneState, NewBatch, Token, Waiting
from notifier.model.events import CRITICAL_RANK
from notifier.model.rates import Limits, Window
from notifier.model.times import Instant

ROLLUP_MAX = 1000
"""The most deliveries that leave as one message."""


@dataclass(frozen=True, slots=True)
class LaneRules:
    """The limits by channel, and how large a roll-up may grow."""

    limits: Mapping[str, Limits]
    rollup_max: int = ROLLUP_MAX

    def decide(
        self,
        lane: LaneState,
        waiting: Sequence[Waiting],
        due: Sequence[DueBatch],
        now: Instant,
        places: int,
    ) -> Decision:
        """Give what leaves now, and when to look again."""
        if len(waiting) == 1 and not due and places > 0 and lane.gate_at is None:
            made = self._alone(lane, waiting[0], now)
            if made is not None:
                return made
        windows = self.limits[lane.channel]
        normal = _bucket(windows.normal, lane, Token.NORMAL, now)
        reserve = _bucket(windows.reserve, lane, Token.RESERVE, now)
        draft = _Draft(normal, reserve, now, max(places, 0))
        left_due = _retry(draft, due)
        _send_critical(draft, waiting)
        for bundle in _bundles(waiting, draft.tickets):
            _send_bundle(draft, bundle, _was_held(lane, bundle), self.rollup_max)
        left = {one.rank for one in waiting if one.ticket_id not in draft.tickets}
        return Decision(
            again=tuple(draft.again),
            form=tuple(draft.form),
            gate_at=draft.normal.gate(),
            wake_at=draft.wake_at(left | left_due),
        )

    def _alone(self, lane: LaneState, one: Waiting, now: Instant) -> Decision | None:
        """Decide the usual case at once: one delivery, alone in a lane that may send."""
        windows = self.limits[lane.channel].normal
        stamps = limits.stamped(lane.stamps, Token.NORMAL)
        in_flight = lane.open.get(Token.NORMAL, 0)
        if not limits.free(windows, stamps, in_flight, now):
            return None
        gate_at = limits.gate(windows, stamps, in_flight + 1, now)
        return Decision((), (NewBatch((one.delivery_id,), Token.NORMAL, ()),), gate_at, None)


@dataclass(slots=True)
class _Bucket:
    token: Token
    windows: Sequence[Window]
    stamps: Sequence[Instant]
    open: int
    left: int
    now: Instant

    def gate(self) -> Instant | None:
        return limits.gate(self.windows, self.stamps, self.open, self.now)


def _bucket(windows: Sequence[Window], lane: LaneState, token: Token, now: Instant) -> _Bucket:
    stamps = limits.stamped(lane.stamps, token)
    in_flight = lane.open.get(token, 0)
    left = limits.free(windows, stamps, in_flight, now)
    return _Bucket(token, windows, stamps, in_flight, left, now)


@dataclass(slots=True)
class _Draft:
    """A decision in the making; `tickets` are those that a chosen batch speaks of."""

    normal: _Bucket
    reserve: _Bucket
    now: Instant
    places: int
    again: list[tuple[int, Token]] = field(default_factory=list)
    form: list[NewBatch] = field(default_factory=list)
    tickets: set[int] = field(default_factory=set)

    def buckets(self, rank: int) -> tuple[_Bucket, ...]:
        """Give the buckets a delivery of this rank may count in, the first choice first."""
        return (self.normal, self.reserve) if rank == CRITICAL_RANK else (self.normal,)

    def take(self, bucket: _Bucket) -> Token:
        """Take one token and one place."""
        bucket.left -= 1
        bucket.open += 1
        self.places -= 1
        return bucket.token

    def send(
        self, members: Sequence[Waiting], bucket: _Bucket, merged: tuple[int, ...] = ()
    ) -> None:
        """Choose a new batch."""
        ids = tuple(one.delivery_id for one in members)
        self.form.append(NewBatch(ids, self.take(bucket), merged))
        self.tickets.update(one.ticket_id for one in members)

    def wake_at(self, ranks: Iterable[int]) -> Instant | None:
        """Give when the first of the ranks that stay behind may go."""
        buckets = [bucket for rank in ranks for bucket in self.buckets(rank)]
        if any(bucket.left for bucket in buckets):
            return self.now
        gates = [bucket.gate() for bucket in buckets]
        return min((gate for gate in gates if gate is not None), default=None)


def _retry(draft: _Draft, due: Sequence[DueBatch]) -> set[int]:
    left = set()
    for batch in sorted(due, key=lambda one: (one.rank, one.batch_id)):
        bucket = next((one for one in draft.buckets(batch.rank) if one.left), None)
        if bucket is None or not draft.places:
            left.add(batch.rank)
        else:
            draft.again.append((batch.batch_id, draft.take(bucket)))
    return left


def _send_critical(draft: _Draft, waiting: Sequence[Waiting]) -> None:
    critical = _first_of_each_ticket(one for one in waiting if one.rank == CRITICAL_RANK)
    # Those without a token of their own travel in the roll-up, and that needs a normal one.
    kept = int(len(critical) > draft.normal.left + draft.reserve.left)
    for one in critical:
        bucket = draft.normal if draft.normal.left > kept else draft.reserve
        if not bucket.left or not draft.places:
            return
        draft.send((one,), bucket, merged=_told_by(one, waiting))


def _told_by(one: Waiting, waiting: Sequence[Waiting]) -> tuple[int, ...]:
    about = (one.ticket_id, one.bundle)
    return tuple(
        sorted(
            other.delivery_id
            for other in waiting
            if (other.ticket_id, other.bundle) == about and other.delivery_id < one.delivery_id
        )
    )


def _bundles(waiting: Sequence[Waiting], sent: set[int]) -> list[list[Waiting]]:
    """Give what may still go, one list per bundle, the best and oldest bundle first.

    A ticket goes with the bundle of its oldest delivery; its others wait for that one.
    """
    left = sorted((one for one in waiting if one.ticket_id not in sent), key=_urgency)
    bundle_of = {one.ticket_id: one.bundle for one in _first_of_each_ticket(left)}
    bundles: dict[str, list[Waiting]] = {}
    for one in left:
        if bundle_of[one.ticket_id] == one.bundle:
            bundles.setdefault(one.bundle, []).append(one)
    return list(bundles.values())


def _was_held(lane: LaneState, bundle: Sequence[Waiting]) -> bool:
    return lane.gate_at is not None and min(one.due_at for one in bundle) < lane.gate_at


def _send_bundle(draft: _Draft, bundle: Sequence[Waiting], held: bool, most: int) -> None:
    if not draft.places or not draft.normal.left:
        return
    if held or len(bundle) > draft.normal.left:
        draft.send(_by_ticket(bundle)[:most], draft.normal)
        return
    for one in _first_of_each_ticket(bundle)[: draft.places]:
        draft.send((one,), draft.normal)


def _by_ticket(bundle: Sequence[Waiting]) -> list[Waiting]:
    """Order by the best of each ticket, and within a ticket by age, so that a cut keeps order."""
    best: dict[int, tuple[int, Instant, int]] = {}
    for one in bundle:
        best.setdefault(one.ticket_id, _urgency(one))
    return sorted(bundle, key=lambda one: (best[one.ticket_id], one.delivery_id))


def _first_of_each_ticket(waiting: Iterable[Waiting]) -> list[Waiting]:
    first: dict[int, Waiting] = {}
    for one in sorted(waiting, key=lambda one: one.delivery_id):
        first.setdefault(one.ticket_id, one)
    return sorted(first.values(), key=_urgency)


def _urgency(one: Waiting) -> tuple[int, Instant, int]:
    return one.rank, one.due_at, one.delivery_id
