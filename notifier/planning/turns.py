"""What an event changes about its ticket: holder, turn, version, and what is withdrawn.

Takes the memory of a ticket and an event, gives the new memory and withdrawals. Refuses
nothing: an older event changes nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace

from notifier.model.events import Event, Party, same_party, version_order
from notifier.model.plans import TicketState, Told, Withdrawal
from notifier.model.reasons import Reason
from notifier.model.states import OPEN

_CLOSING = frozenset({"ticket.resolved", "ticket.closed"})
_COUNTING = _CLOSING | {"ticket.assigned", "ticket.unassigned"}
_OPENING = frozenset({"ticket.reopened", "ticket.assigned", "ticket.created"})


def is_older(event: Event, state: TicketState) -> bool:
    """Tell whether a newer holder or end of the ticket is known; an equal one is not newer."""
    mine = version_order(event.ticket.version)
    known = version_order(state.version)
    if mine and known and mine[0] == known[0]:
        return mine[1] < known[1]
    return event.occurred_at < state.occurred_at


def follow(event: Event, state: TicketState) -> TicketState:
    """Give the memory of the ticket after an event that is not older."""
    still_closed = state.closed and event.type not in _OPENING
    if not _counts(event):
        return replace(state, closed=still_closed)
    version = event.ticket.version
    holder = _holder(event, state.assignee)
    return TicketState(
        turn=state.turn + _changes(state.assignee, holder),
        assignee=holder,
        version=state.version if version is None else version,
        occurred_at=max(state.occurred_at, event.occurred_at),
        closed=event.type in _CLOSING or still_closed,
    )


def withdrawals(event: Event, told: Sequence[Told], turn: int) -> tuple[Withdrawal, ...]:
    """Give what an event that is not older withdraws; `turn` is the one it leads to."""
    still_open = [one for one in told if one.state in OPEN and not one.withdrawn]
    if event.type in _CLOSING:
        return tuple(Withdrawal(one.delivery_id, Reason.TICKET_CLOSED) for one in still_open)
    return tuple(
        Withdrawal(one.delivery_id, Reason.REASSIGNED) for one in still_open if one.turn < turn
    )


def _counts(event: Event) -> bool:
    # What says neither who holds the ticket nor that it ended must not make an event that does,
    # and was overtaken, look older.
    return event.assignee is not None or event.type in _COUNTING


def _holder(event: Event, before: Party | None) -> Party | None:
    if event.type == "ticket.unassigned":
        return None
    if event.assignee is None:
        return None if event.type == "ticket.assigned" else before
    if before is None or not same_party(before, event.assignee):
        return event.assignee
    # Another event may name the same person by fewer fields.
    named = {name: value for name, value in asdict(event.assignee).items() if value is not None}
    return replace(before, **named)


def _changes(before: Party | None, after: Party | None) -> bool:
    if before is None and after is None:
        return False
    return not same_party(before, after)
