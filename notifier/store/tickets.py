"""The stored form of what is remembered of a ticket.

Takes and gives TicketState and its JSON text. Refuses nothing: only this module writes the text.
"""

import json

from notifier.model import json_text
from notifier.model.events import party_facts, party_from, version_order
from notifier.model.plans import Snapshot, TicketState


def to_text(state: TicketState) -> str:
    """Write a state as JSON text."""
    return json_text.written(
        {
            "assignee": party_facts(state.assignee),
            "version": state.version,
            "occurred_at": state.occurred_at,
            "closed": state.closed,
        }
    )


def from_text(turn: int, text: str) -> TicketState:
    """Read it back; the turn stands in a column of its own."""
    kept = json.loads(text)
    return TicketState(
        turn=turn,
        assignee=party_from(kept["assignee"]),
        version=kept["version"],
        occurred_at=kept["occurred_at"],
        closed=kept["closed"],
    )


def snapshot(state: TicketState | None, last: tuple[str, str] | None) -> Snapshot | None:
    """Give what is known of a ticket; `last` is type and facts of its last event, if it is kept.

    Who holds it, and whether it is closed, is what all its events together say.
    """
    if state is None and last is None:
        return None
    kind, facts = (None, {}) if last is None else (last[0], json.loads(last[1]))
    held = state or TicketState()
    return {
        "ticket": facts.get("ticket"),
        "assignee": party_facts(held.assignee),
        "requester": facts.get("requester"),
        "actor": facts.get("actor"),
        "type": kind,
        "closed": held.closed,
    }


def save_text(version: int | str | None) -> str | None:
    """Give the text by which two events are known to belong to one save."""
    order = version_order(version)
    return None if order is None else f"{order[0]}:{order[1]}"
