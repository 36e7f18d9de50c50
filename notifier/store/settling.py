"""Settling: outcomes come back, fenced, and the lanes learn what the limiter may give.

Takes settled attempts, gives which batches were let go. Refuses nothing: an outcome of a lost
lease changes no state and only leaves its attempt as evidence.
"""

import logging
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifier.model import ids
from notifier.model.deliveries import OutcomeKind, Settled, Token
from notifier.model.reasons import Reason
from notifier.model.states import BatchState, ClosedAs, State
from notifier.model.times import Instant
from notifier.model.values import value
from notifier.store import dissolving, stamps
from notifier.store.context import Context, Tick
from notifier.store.endings import Ending, ending
from notifier.store.transaction import Row, Transaction, as_list

_log = logging.getLogger(__name__)


@value
class _Known:
    """A batch as it stands when its outcome comes in."""

    id: int
    fence: int
    owner: str
    state: BatchState
    lane_id: int
    attempts: int
    token: Token
    was_unknown: bool
    stored: bytes | None
    may_have_arrived: bool


@dataclass(slots=True)
class _Lane:
    channel: str
    address: str
    stamps: list[tuple[Instant, Token]]
    refusals: int
    gate_at: Instant | None


def settle(context: Context, tx: Transaction, tick: Tick, settled: Sequence[Settled]) -> None:
    """Write outcomes, in order; the batches they end are let go by this tick."""
    known, lanes = _read(tx, settled)
    current: list[tuple[Settled, _Known, Ending]] = []
    for one in settled:
        batch = known.get(one.batch_id)
        tick.released.append((one.batch_id, one.fence))
        if batch is None or not _ours(one, batch, context.owner):
            _log.warning(
                "a settle came after its lease was lost",
                extra={"action": "batch.stale_settle", "batch": ids.public("bat", one.batch_id)},
            )
            continue
        made = ending(one.outcome, may_have_arrived=batch.may_have_arrived, now=tick.now)
        current.append((one, batch, made))
    erased = {number for number, one in known.items() if is_erased(lanes[one.lane_id].address)}
    _write_attempts(tx, [one for one in settled if one.batch_id in known], erased)
    _write_batches(tx, current, tick.now)
    _write_lanes(context, tx, tick.now, current, lanes)
    _take_apart(tx, current, tick.now)
    dissolving.refresh(tx, {batch.lane_id for _, batch, _ in current})


def _ours(one: Settled, batch: _Known, owner: str) -> bool:
    return (batch.fence, batch.owner, batch.state) == (one.fence, owner, BatchState.SENDING)


def _read(
    tx: Transaction, settled: Sequence[Settled]
) -> tuple[dict[int, _Known], dict[int, _Lane]]:
    known: dict[int, _Known] = {}
    lanes: dict[int, _Lane] = {}
    for row in tx.rows("batches_to_settle", as_list({one.batch_id for one in settled})):
        (
            number,
            fence,
            owner,
            state,
            lane_id,
            attempts,
            token,
            was_unknown,
            stored,
            arrived,
            *lane,
        ) = row
        channel, address, blob, refusals, gate_at = lane
        known[number] = _Known(
            number,
            fence,
            owner,
            BatchState(state),
            lane_id,
            attempts,
            Token(token),
            bool(was_unknown),
            stored,
            bool(was_unknown or arrived),
        )
        lanes[lane_id] = _Lane(channel, address, list(stamps.from_blob(blob)), refusals, gate_at)
    return known, lanes


def is_erased(address: str) -> bool:
    """Tell whether a lane led to somebody who was erased."""
    return address.startswith("erased:")


def _write_attempts(tx: Transaction, settled: Iterable[Settled], erased: Collection[int]) -> None:
    rows: list[Row] = []
    for one in settled:
        if (attempt := one.attempt) is not None:
            receipt, outcome = attempt.receipt, one.outcome
            rows.append(
                (
                    one.batch_id,
                    one.fence,
                    None,
                    receipt.provider_id,
                    attempt.started_at,
                    attempt.ended_at,
                    attempt.phase,
                    outcome.kind,
                    outcome.reason,
                    receipt.code,
                    receipt.enhanced_code,
                    # It may repeat the address.
                    None if one.batch_id in erased else receipt.reply,
                    receipt.remote,
                    attempt.digest,
                )
            )
    tx.write("write_attempts", rows)


def _write_batches(
    tx: Transaction, current: Sequence[tuple[Settled, _Known, Ending]], now: Instant
) -> None:
    batches: list[Row] = []
    members: list[Row] = []
    for one, batch, made in current:
        batches.append(
            (
                batch.id,
                made.state,
                made.closed_as,
                made.next_at,
                batch.attempts + made.counted,
                batch.was_unknown or made.state is BatchState.UNKNOWN,
                _bytes_to_keep(one, batch, made),
            )
        )
        members.append((batch.id, made.members, made.reason, now))
    tx.write("settle_batches", batches)
    tx.write("settle_members", members)


def _bytes_to_keep(one: Settled, batch: _Known, made: Ending) -> bytes | None:
    if made.state is BatchState.CLOSED:
        return None
    if one.outcome.stored is not None:
        return zlib.compress(one.outcome.stored)
    return batch.stored


def _write_lanes(
    context: Context,
    tx: Transaction,
    now: Instant,
    current: Sequence[tuple[Settled, _Known, Ending]],
    lanes: Mapping[int, _Lane],
) -> None:
    suppressed: list[Row] = []
    options = context.options
    for one, batch, made in current:
        lane = lanes[batch.lane_id]
        if made.stamped:
            ended_at = now if one.attempt is None else one.attempt.ended_at
            lane.stamps.append((ended_at, batch.token))
        elif lane.gate_at is not None:
            # A token came back: what waited behind the gate goes now, as one message.
            lane.gate_at = min(lane.gate_at, now)
        if one.outcome.counts_against_address:
            lane.refusals += 1
            if lane.refusals >= options.hard_refusals:
                until = now + options.suppress_for
                suppressed.append((lane.channel, "", lane.address, Reason.BAD_MAILBOX, until))
        elif one.outcome.kind is OutcomeKind.SENT:
            lane.refusals = 0
    tx.write("suppress_addresses", suppressed)
    touched = {batch.lane_id for _, batch, _ in current}
    rows = [_lane_row(number, lanes[number], now, options.horizon) for number in touched]
    tx.write("stamp_lanes", rows)


def _lane_row(number: int, lane: _Lane, now: Instant, horizon: Mapping[str, int]) -> Row:
    oldest = now - horizon.get(lane.channel, 0)
    kept = [stamp for stamp in lane.stamps if stamp[0] > oldest]
    return (number, stamps.to_blob(kept), lane.refusals, lane.gate_at)


def _take_apart(
    tx: Transaction, current: Sequence[tuple[Settled, _Known, Ending]], now: Instant
) -> None:
    """Dissolve waiting batches that lost a member by this settle; close those that lost all."""
    waiting = [batch.id for _, batch, made in current if made.state is BatchState.WAITING]
    if waiting:
        counts = tx.rows("count_members", as_list(waiting))
        lost = {batch for batch, size, left, _ in counts if left < size}
        dissolving.dissolve(tx, lost, now)
    unknown = [batch.id for _, batch, made in current if made.state is BatchState.UNKNOWN]
    if unknown:
        unwanted = [batch for (batch,) in tx.rows("select_unwanted", as_list(unknown))]
        tx.write("end_members", [(batch, State.CANCELLED, None, now) for batch in unwanted])
        tx.write("close_batches", [(batch, ClosedAs.CANCELLED) for batch in unwanted])
