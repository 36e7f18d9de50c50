"""Claiming: from lanes that are due to batches that are leased, inside the writer's transaction.

Takes the free places of each channel, gives leased batches with their rows. Refuses nothing.
After every claim a lane either sends something, or looks again later, or is woken by a settle.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from notifier.model.deliveries import (
    Batch,
    Decision,
    DueBatch,
    LaneState,
    Member,
    NewBatch,
    Token,
    Waiting,
)
from notifier.model.events import CRITICAL_RANK
from notifier.model.states import BatchState, ClosedAs, State
from notifier.model.times import Instant
from notifier.model.values import value
from notifier.store import dissolving, stamps
from notifier.store.context import Context, Tick
from notifier.store.transaction import Row, Transaction, as_list

_LANES_AT_ONCE = 64


@value
class _Open:
    """An open batch of a lane; `wanted` counts the members that are not withdrawn."""

    id: int
    state: BatchState
    next_at: Instant | None
    token: Token
    rank: int
    wanted: int


@dataclass(slots=True)
class _Lane:
    id: int
    gate_at: Instant | None
    stamps: bytes
    open: list[_Open] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    next_due: Instant | None = None


class Claiming:
    """Claims for one tick."""

    def __init__(self, context: Context, tx: Transaction, tick: Tick) -> None:
        """One object serves one transaction."""
        self._context = context
        self._tx = tx
        self._tick = tick
        self._leased: list[int] = []
        self._passed: set[int] = set()
        self._freed: set[int] = set()

    def claim(self) -> None:
        """Lease what is due on every channel, best rank first, and put it into the tick."""
        for channel in self._context.options.channels:
            for rank, wake_at in self._tx.rows("next_wake", channel):
                places = self._places(channel, rank)
                if places > 0 and wake_at is not None and wake_at <= self._tick.now:
                    self._claim_rank(channel, rank, places)
        if self._leased:
            batches = load(self._tx, self._leased)
            self._tick.batches += batches
            for batch in batches:
                self._tick.claimed.update(
                    (member.delivery_id, batch.id) for member in batch.members
                )

    def _places(self, channel: str, rank: int) -> int:
        return self._tick.free[channel, rank == CRITICAL_RANK]

    def _claim_rank(self, channel: str, rank: int, places: int) -> None:
        limit = min(places, _LANES_AT_ONCE)
        found = self._tx.rows("due_lanes", channel, rank, self._tick.now, limit)
        lanes = [_Lane(number, gate, blob) for number, _, gate, blob in found]
        if not lanes:
            return
        lanes = self._without_suppressed(lanes)
        self._read(lanes)
        decisions = []
        for lane in lanes:
            places = self._places(channel, rank)
            decision = self._decide(channel, lane, places)
            used = len(decision.again) + len(decision.form)
            for critical in (True, False):
                self._tick.free[channel, critical] -= used
            decisions.append((lane, decision))
        self._write(decisions)

    # -- reading ----------------------------------------------------------------------------

    def _without_suppressed(self, lanes: list[_Lane]) -> list[_Lane]:
        now = self._tick.now
        ids = as_list(lane.id for lane in lanes)
        reasons: dict[int, str] = dict(self._tx.rows("suppressed_lanes", ids, now))
        if not reasons:
            return lanes
        rows = [(lane, reason, now) for lane, reason in reasons.items()]
        ended = {batch for (batch,) in self._tx.write("suppress_waiting", rows)} - {None}
        closed = [(batch, ClosedAs.CANCELLED) for batch in sorted(ended)]
        self._tx.write("close_batches", closed)
        self._tx.run("rest_unknown", as_list(reasons))
        dissolving.refresh(self._tx, reasons)
        return [lane for lane in lanes if lane.id not in reasons]

    def _read(self, lanes: Sequence[_Lane]) -> None:
        now = self._tick.now
        by_id = {lane.id: lane for lane in lanes}
        ids = as_list(by_id)
        for number, lane_id, state, next_at, token, rank, _, wanted in self._tx.rows(
            "open_batches", ids
        ):
            open_batch = _Open(number, BatchState(state), next_at, Token(token), rank, wanted)
            by_id[lane_id].open.append(open_batch)
        for lane in lanes:
            self._drop_unwanted(lane)
        limit = self._context.options.rollup_max
        # The usual tick wakes one lane, and the statement for many takes ten times as long for one.
        waiting = (
            self._tx.rows("waiting_in_lane", lanes[0].id, now, limit)
            if len(lanes) == 1
            else self._tx.rows("waiting_deliveries", ids, now, limit)
        )
        for lane_id, number, ticket, rank, bundle, due_at in waiting:
            by_id[lane_id].waiting.append(Waiting(number, ticket, rank, bundle, due_at))
        for lane_id, next_due in self._tx.rows("next_due", ids, now):
            by_id[lane_id].next_due = next_due

    def _drop_unwanted(self, lane: _Lane) -> None:
        """End batches of unknown outcome whose every member was withdrawn meanwhile."""
        unwanted = [
            batch.id
            for batch in lane.open
            if batch.state is BatchState.UNKNOWN and not batch.wanted
        ]
        if unwanted:
            ended = [(number, State.CANCELLED, None, self._tick.now) for number in unwanted]
            self._tx.write("end_members", ended)
            self._tx.write("close_batches", [(number, ClosedAs.CANCELLED) for number in unwanted])
            lane.open = [batch for batch in lane.open if batch.id not in unwanted]

    def _decide(self, channel: str, lane: _Lane, places: int) -> Decision:
        now = self._tick.now
        counts = {
            token: sum(
                batch.token is token for batch in lane.open if batch.state is BatchState.SENDING
            )
            for token in Token
        }
        state = LaneState(channel, stamps.from_blob(lane.stamps), counts, lane.gate_at)
        due = [
            DueBatch(batch.id, batch.rank, batch.state) for batch in lane.open if _due(batch, now)
        ]
        decision = self._context.decide(state, lane.waiting, due, now, max(places, 0))
        if decision.gate_at is not None and _leaves(decision, lane.waiting, due):
            self._tick.held[channel] += 1
        return decision

    # -- writing ----------------------------------------------------------------------------

    def _write(self, decisions: Sequence[tuple[_Lane, Decision]]) -> None:
        options, now, tx = self._context.options, self._tick.now, self._tx
        until = now + options.lease
        batches: list[Row] = []
        joins: list[Row] = []
        merges: list[Row] = []
        critical: list[int] = []
        for lane, decision in decisions:
            ranks = {waiting.delivery_id: waiting.rank for waiting in lane.waiting}
            for new in decision.form:
                number = self._context.ids.next()
                rank = min(ranks[member] for member in new.members)
                batches.append(self._batch_row(number, lane, new, rank, until))
                joins += [(member, number, now) for member in new.members]
                merges += [(merged, new.members[0], now) for merged in new.merged]
                critical += [one for one in new.members if ranks[one] == CRITICAL_RANK]
                self._leased.append(number)
        self._pass(critical)
        tx.write("insert_batches", batches)
        tx.write("merge_deliveries", merges)
        tx.write("join_batches", joins)
        self._try_again(decisions, until)
        tx.write("settle_lanes", [self._lane_row(lane, made) for lane, made in decisions])
        # A dissolved batch freed members that its lane's decision did not know.
        dissolving.refresh(tx, self._freed)

    def _batch_row(self, number: int, lane: _Lane, new: NewBatch, rank: int, until: Instant) -> Row:
        context, now = self._context, self._tick.now
        return (
            number,
            lane.id,
            BatchState.SENDING,
            context.owner,
            1,
            until,
            0,
            now,
            int(new.token),
            rank,
            context.options.recipe,
            len(new.members),
        )

    def _pass(self, critical: Sequence[int]) -> None:
        """Let critical deliveries pass waiting batches of their ticket: those are told by them."""
        if not critical:
            return
        passed = self._tx.rows("passed_members", as_list(critical))
        if not passed:
            return
        self._passed = {batch for _, batch, _ in passed}
        ids = as_list(sorted(self._passed))
        self._tx.run("remember_former", ids)
        rows = [(member, told_by, self._tick.now) for member, _, told_by in passed]
        self._tx.write("merge_deliveries", rows)
        self._freed = {lane for (lane,) in self._tx.rows("lanes_of_batches", ids)}
        dissolving.dissolve(self._tx, self._passed, self._tick.now)

    def _try_again(self, decisions: Sequence[tuple[_Lane, Decision]], until: Instant) -> None:
        rows = [
            (number, self._context.owner, until, int(token))
            for _, decision in decisions
            for number, token in decision.again
            if number not in self._passed
        ]
        if rows:
            self._tx.write("lease_again", rows)
            ids = [row[0] for row in rows]
            self._tx.run("send_members", as_list(ids), self._tick.now)
            self._leased += ids

    def _lane_row(self, lane: _Lane, decision: Decision) -> Row:
        now = self._tick.now
        again = {number for number, _ in decision.again}
        times = [decision.wake_at, lane.next_due]
        times += [
            batch.next_at for batch in lane.open if batch.id not in again and not _due(batch, now)
        ]
        known = [time for time in times if time is not None]
        gone = {member for new in decision.form for member in (*new.members, *new.merged)}
        ranks = [w.rank for w in lane.waiting if w.delivery_id not in gone]
        ranks += [batch.rank for batch in lane.open if batch.id not in again]
        wake_at = min(known) if known else None
        gate_at = decision.gate_at
        if gate_at is None and lane.gate_at is not None:
            gate_at = min(lane.gate_at, now)
        return (lane.id, wake_at, min(ranks, default=3), gate_at)


def _due(batch: _Open, now: Instant) -> bool:
    return (
        batch.state is not BatchState.SENDING and batch.next_at is not None and batch.next_at <= now
    )


def _leaves(decision: Decision, waiting: Sequence[Waiting], due: Sequence[DueBatch]) -> bool:
    gone = sum(len(new.members) + len(new.merged) for new in decision.form)
    return len(waiting) > gone or len(due) > len(decision.again)


def load(tx: Transaction, ids: Iterable[int]) -> list[Batch]:
    """Give batches with their members and the snapshots of their events."""
    numbers = as_list(ids)
    members: dict[int, list[Member]] = defaultdict(list)
    for batch_id, number, event_id, ticket, label, rank, name, expires_at, *rest in tx.rows(
        "members", numbers
    ):
        source, webhook_id, kind, occurred_at, facts = rest
        head = (source, webhook_id, kind, occurred_at)
        members[batch_id].append(
            Member(number, event_id, ticket, label, rank, name, expires_at, head, facts)
        )
    return [
        Batch(
            id=row[0],
            fence=row[1],
            channel=row[2],
            address=row[3],
            rank=row[4],
            attempts=row[5],
            first_at=row[6],
            recipe=row[7],
            was_unknown=bool(row[8]),
            stored=unpack(row[9]),
            members=tuple(members[row[0]]),
        )
        for row in tx.rows("leased_batches", numbers)
    ]


def unpack(stored: bytes | None) -> bytes | None:
    """Give the bytes of an earlier try as they were sent."""
    return None if stored is None else zlib.decompress(stored)
