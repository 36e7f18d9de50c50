"""The plan for one event.

Takes an event, the memory of its ticket and people, the policy and the time, gives the plan.
Refuses nothing, and gives an equal plan for equal arguments.
"""

from notifier.model.events import Event, same_party
from notifier.model.plans import Memory, NewDelivery, Plan, TicketState
from notifier.model.reasons import Reason
from notifier.model.times import Instant
from notifier.planning import audience, notices, people, turns
from notifier.planning.policy import Policy

NOBODY = "nobody is told of this type"


def plan(event: Event, memory: Memory, policy: Policy, now: Instant) -> Plan:
    """Give what the event leads to."""
    before = memory.ticket or TicketState()
    older = memory.ticket is not None and turns.is_older(event, before)
    named = people.completed(event, memory.people, policy, older=older)
    event = named.event
    if older:
        current = same_party(event.assignee, before.assignee)
        turn = before.turn if current else None
        occasion = notices.Occasion(event, memory, policy, now, older=True, turn=turn)
        return Plan(ticket=before, add=_add(occasion), note=_note(event), met=named.met)
    after = turns.follow(event, before)
    occasion = notices.Occasion(event, memory, policy, now, older=False, turn=after.turn)
    return Plan(
        ticket=after,
        add=_add(occasion),
        withdraw=turns.withdrawals(event, memory.told, after.turn),
        note=_note(event),
        met=named.met,
    )


def _add(occasion: notices.Occasion) -> tuple[NewDelivery, ...]:
    person = audience.told_by(occasion.event)
    return () if person is None else notices.notices_for(person, occasion)


def _note(event: Event) -> str | None:
    if event.type not in audience.TELLING:
        return NOBODY
    return None if event.assignee else Reason.NO_ASSIGNEE.value
