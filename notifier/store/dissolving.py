"""Withdrawing deliveries and taking batches apart.

Takes ids, gives what is affected. Refuses nothing. None of a waiting batch's bytes was accepted,
so its members may leave again in another message; an unknown batch is never changed.
"""

from collections.abc import Iterable, Mapping

from notifier.model.reasons import Reason
from notifier.model.states import ClosedAs
from notifier.model.times import Instant
from notifier.store.transaction import Transaction, as_list


def withdraw(tx: Transaction, wanted: Mapping[int, Reason], now: Instant) -> list[int]:
    """Cancel what waits, mark what is being sent; give batches that nobody wants any more."""
    rows = [(number, reason, now) for number, reason in sorted(wanted.items())]
    cancelled = tx.write("cancel_waiting", rows)
    dissolve(tx, {batch for _, _, batch in cancelled if batch is not None}, now)
    refresh(tx, {lane for _, lane, _ in cancelled})
    marked = {batch for (batch,) in tx.write("mark_withdrawn", rows)}
    if not marked:
        return []
    return [batch for (batch,) in tx.rows("select_unwanted", as_list(marked))]


def dissolve(tx: Transaction, batches: Iterable[int], now: Instant) -> None:
    """Close waiting batches that lost a member; the rest wait again, each for itself."""
    numbers = sorted(batches)
    if not numbers:
        return
    ids = as_list(numbers)
    counts = {batch: left for batch, _, left, _ in tx.rows("count_members", ids)}
    tx.run("remember_former", ids)
    tx.run("release_members", ids, now)
    tx.write(
        "close_batches",
        [(batch, ClosedAs.DISSOLVED if counts[batch] else ClosedAs.CANCELLED) for batch in numbers],
    )
    refresh(tx, {lane for (lane,) in tx.rows("lanes_of_batches", ids)})


def refresh(tx: Transaction, lanes: Iterable[int]) -> None:
    """Recompute from the rows when lanes look again."""
    numbers = sorted(lanes)
    if numbers:
        tx.run("refresh_lanes", as_list(numbers))
