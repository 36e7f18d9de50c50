"""Recovery, deadlines and retention: what keeps anything from sticking, in small slices.

Takes a transaction and the time, gives whether there is more to do. Refuses nothing.
"""

from collections.abc import Collection

from notifier.model.deliveries import OutcomeKind, Token
from notifier.model.reasons import Reason
from notifier.model.states import BatchState, ClosedAs, State
from notifier.model.times import Instant
from notifier.store import dissolving, stamps, unmapped
from notifier.store.context import Context
from notifier.store.transaction import Row, Transaction, as_list

SLICE = 500

_LIMITS = "limits"
"""Names the fingerprint of the limits by which lanes wait."""


def recover(context: Context, tx: Transaction, now: Instant, held: Collection[int]) -> int:
    """Free what reads `sending` though nobody holds it; give how many batches that were.

    A mail is sent again at once with the same bytes; a text message whose POST may have begun
    becomes unknown, one whose POST had not begun waits as if it had never been leased.
    """
    rows: list[Row] = []
    members: list[Row] = []
    lanes: dict[int, tuple[str, list[tuple[Instant, Token]]]] = {}
    attempts: list[Row] = []
    for row in tx.rows("sending_batches"):
        (
            number,
            fence,
            started_at,
            token,
            lane_id,
            channel,
            blob,
            tries,
            was_unknown,
            stored,
            until,
        ) = row
        if number in held:
            continue
        lane = lanes.setdefault(lane_id, (channel, list(stamps.from_blob(blob))))
        careful = channel in context.options.careful
        if careful and started_at is None and not was_unknown:
            rows.append((number, BatchState.WAITING, None, now, tries, 0, None))
            members.append((number, State.PENDING, None, now))
            continue
        lane[1].append((now, Token(token)))
        next_at = None if careful else now
        rows.append((number, BatchState.UNKNOWN, None, next_at, tries + 1, was_unknown, stored))
        members.append((number, State.UNKNOWN, None, now))
        # Of a try that was not announced, the last renewal of its lease is all that is known.
        began = until - context.options.lease if started_at is None else started_at
        attempts.append(_interrupted(number, fence, min(began, now), now))
    tx.write("settle_batches", rows)
    tx.write("settle_members", members)
    tx.write("write_attempts", attempts)
    for lane_id, (_, kept) in lanes.items():
        tx.run("add_stamps", lane_id, stamps.to_blob(kept))
    _dissolve_partial(tx, [row[0] for row in rows if row[1] is BatchState.WAITING], now)
    dissolving.refresh(tx, lanes)
    return len(rows)


def apply_limits(limits: int, tx: Transaction, now: Instant) -> None:
    """Look at every lane anew when the limits are not those by which it waits.

    So does the next delivery of a lane in which nothing waits, if its gate is shut. `limits` is
    their fingerprint. Needs no transaction: what was done of it is done again.
    """
    if tx.one("read_mark", _LIMITS) != limits:
        tx.run("look_again", now)
        tx.run("write_mark", _LIMITS, limits)


def _interrupted(number: int, fence: int, started_at: Instant, now: Instant) -> Row:
    head = (number, fence, None, None, started_at, now, "interrupted", OutcomeKind.INTERRUPTED)
    return (*head, None, None, None, None, None, None)


def _dissolve_partial(tx: Transaction, waiting: list[int], now: Instant) -> None:
    if waiting:
        counts = tx.rows("count_members", as_list(waiting))
        dissolving.dissolve(tx, {batch for batch, size, left, _ in counts if left < size}, now)


def expire(tx: Transaction, now: Instant) -> bool:
    """End deliveries past their deadline; give whether there may be more."""
    late = tx.rows("past_deadline", now, SLICE)
    if late:
        tx.run("expire_deliveries", as_list(number for number, _, _ in late), now)
        dissolving.dissolve(tx, {batch for _, _, batch in late if batch is not None}, now)
        dissolving.refresh(tx, {lane for _, lane, _ in late})
    unknown = tx.rows("unknown_past_deadline", now, SLICE)
    if unknown:
        reason = Reason.OUTCOME_UNKNOWN
        tx.write("end_members", [(batch, State.FAILED, reason, now) for batch, _ in unknown])
        tx.write("close_batches", [(batch, ClosedAs.FAILED) for batch, _ in unknown])
        dissolving.refresh(tx, {lane for _, lane in unknown})
    return len(late) == SLICE or len(unknown) == SLICE


def forget(context: Context, tx: Transaction, now: Instant) -> bool:
    """Erase what is past its retention; give whether there may be more."""
    options = context.options
    gone = len(tx.rows("forget_seen", now, SLICE))
    bodies_below = context.ids.floor(now - options.keep_bodies)
    old = context.ids.floor(now - options.keep_deliveries)
    gone = max(gone, _forget_bodies(tx, bodies_below))
    gone = max(gone, unmapped.forget(tx, bodies_below, old, SLICE))
    deliveries = [number for (number,) in tx.rows("forget_deliveries", old, SLICE)]
    if deliveries:
        tx.run("forget_former", as_list(deliveries))
    batches = [number for (number,) in tx.rows("old_batches", old, SLICE)]
    if batches:
        tx.run("forget_attempts", as_list(batches))
        tx.run("forget_batches", as_list(batches))
    events = tx.rows("forget_events", old, SLICE)
    return max(gone, len(deliveries), len(batches), len(events)) == SLICE


def _forget_bodies(tx: Transaction, below: int) -> int:
    done = tx.one("read_mark", "bodies_erased_to") or 0
    erased = [number for (number,) in tx.rows("forget_bodies", done, below, SLICE)]
    if erased:
        tx.run("write_mark", "bodies_erased_to", max(erased))
    return len(erased)
