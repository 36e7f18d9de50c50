"""Operators' wishes: an ended delivery waits again, or one that is open is withdrawn.

Takes a transaction and an id, gives what was found. Refuses, with a sentence, what the state
machine does not allow and what could never leave.
"""

from notifier.model.plans import Again, Found, RetryFunction
from notifier.model.reasons import Reason
from notifier.model.states import OPEN, State
from notifier.store import dissolving
from notifier.store.base import Operated
from notifier.store.context import Context, Tick
from notifier.store.lanes import lane_of
from notifier.store.transaction import Transaction, as_list
from notifier.store.unaddressed import LookingAnew


def retry(
    context: Context, tx: Transaction, tick: Tick, number: int, plan: RetryFunction
) -> Operated | None:
    """Let a delivery wait again, each time for itself; None when there is none with this id."""
    rows = tx.rows("find_delivery", number)
    if not rows:
        return None
    ((state, channel, recipient),) = rows
    if channel is None:
        return LookingAnew(context, tx, tick).retry(number, State(state), plan)
    if recipient is None:
        return Operated(State(state), "The person was erased, and nothing can be sent to them.")
    found = Found(State(state), channel, recipient, _barred(tx, channel, recipient, tick))
    decided = plan(found, tick.now)
    if not isinstance(decided, Again):
        return Operated(found.state, str(decided))
    lane = lane_of(context, tx, channel, decided.recipient)
    # What its address did before does not count any more: an operator knows better.
    tx.run("lift_suppression", channel, decided.recipient)
    tx.run("forgive_lane", lane)
    _revive(tx, number, lane, decided, tick)
    dissolving.refresh(tx, [lane])
    return Operated(found.state, None)


def _barred(tx: Transaction, channel: str, recipient: str, tick: Tick) -> Reason | None:
    rows = tx.rows("select_suppressed", as_list([(channel, recipient)]), tick.now)
    return Reason(rows[0][2]) if rows else None


def _revive(tx: Transaction, number: int, lane: int, again: Again, tick: Tick) -> None:
    tx.run("remember_last", number)
    tx.run(
        "revive_delivery", number, lane, again.recipient, again.due_at, again.expires_at, tick.now
    )


def cancel(tx: Transaction, tick: Tick, number: int) -> Operated | None:
    """Withdraw a delivery that is open; None when there is none with this id."""
    rows = tx.rows("find_delivery", number)
    if not rows:
        return None
    state = State(rows[0][0])
    if state not in OPEN:
        return Operated(state, f"It has ended already: it is {state}.")
    tick.unwanted += dissolving.withdraw(tx, {number: Reason.OPERATOR}, tick.now)
    return Operated(state, None)
