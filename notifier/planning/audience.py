"""Whom an event tells, and on which channels.

Takes an event, gives its person and addresses. Refuses nothing.
"""

from notifier.model.events import Event, Party, same_party
from notifier.planning.addresses import EMAIL, SMS, normalise
from notifier.planning.policy import Policy

TELLING = frozenset({"ticket.assigned", "ticket.created"})
"""The types that tell the assignee; the others tell nobody."""


def told_by(event: Event) -> Party | None:
    """Give the person that the event is to be told to, if there is one."""
    return event.assignee if event.type in TELLING else None


def is_own_action(event: Event, person: Party) -> bool:
    """Tell whether the person did what the event says."""
    return same_party(event.actor, person)


def channels_of(person: Party) -> tuple[tuple[str, str], ...]:
    """Give (channel, address as given) for every channel the person has an address on."""
    given = ((EMAIL, person.email), (SMS, person.phone))
    return tuple((channel, text) for channel, text in given if text)


def addresses_of(event: Event, policy: Policy) -> tuple[tuple[str, str], ...]:
    """Give the (channel, address) pairs whose suppressions a plan for the event asks for."""
    person = told_by(event)
    if person is None:
        return ()
    normalised = (
        (channel, normalise(channel, text, policy.default_region))
        for channel, text in channels_of(person)
    )
    return tuple((channel, address) for channel, address in normalised if address)
