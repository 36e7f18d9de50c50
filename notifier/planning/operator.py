"""What an operator asks for: a delivery is to be sent after all, or a test message.

Takes what the store found, the policy and the time, gives new times or a plan. Refuses, with a
sentence, to send again what could never leave.
"""

from dataclasses import replace

from notifier.model.errors import Fault
from notifier.model.events import Event, Party
from notifier.model.people import Key, no_address
from notifier.model.plans import (
    NO_TURN,
    Again,
    Anew,
    Found,
    LookUp,
    Memory,
    NewDelivery,
    Plan,
    TicketState,
    Unaddressed,
)
from notifier.model.reasons import Reason
from notifier.model.states import OPEN, RETRYABLE, State
from notifier.model.times import Instant
from notifier.planning import notices, people
from notifier.planning.addresses import EMAIL, SMS, normalise
from notifier.planning.policy import Policy

WHY = "an operator asked for a test message"

# Test messages never travel in one roll-up with notices about tickets.
_BUNDLE = "test"

_EXPECTED = {
    EMAIL: "must be an email address such as john@example.com",
    SMS: "must be a telephone number such as +14155550123 (a national one needs DEFAULT_REGION)",
}

_ENDED_WELL = {
    State.SENT: "It was sent; the provider has it.",
    State.DELIVERED: "It was delivered.",
    State.MERGED: "Another delivery told the person: merged_into names it.",
}


def again(found: Found | Unaddressed, policy: Policy, now: Instant) -> Again | Anew | LookUp | str:
    """Give where and when a delivery goes after all, or why it cannot.

    Of one that had no address the person is looked up first.
    """
    if found.state in OPEN:
        return f"It is {found.state}: it has not ended, and goes on by itself."
    if found.state not in RETRYABLE:
        return _ENDED_WELL[found.state]
    if isinstance(found, Unaddressed):
        return _anew(found.event, found.memory, policy, now)
    off = _switched_off(found.channel, policy) or _unwanted(found.barred)
    if off is not None:
        return off.sentence
    address = normalise(found.channel, found.recipient, policy.default_region)
    if address is None:
        return Reason.BAD_ADDRESS.sentence
    return Again(address, now, now + policy.ttl[found.channel])


def _anew(event: Event, memory: Memory | None, policy: Policy, now: Instant) -> Anew | LookUp | str:
    given = event.assignee or Party()
    if memory is None:
        return LookUp(people.keys_of(given, event.source, policy.default_region))
    named = people.completed(replace(event, actor=None), memory.people, policy).event
    person = named.assignee or given
    wanted = {to: why for to, why in memory.suppressed.items() if _unwanted(why)}
    # An operator asks for it, so it matters neither who did it nor what was told meanwhile.
    occasion = notices.Occasion(
        event=named,
        memory=replace(memory, suppressed=wanted),
        policy=policy,
        now=now,
        older=False,
        turn=None,
    )
    planned = notices.notices_for(person, occasion)
    going = [one for one in planned if one.state is State.PENDING]
    if going:
        return Anew(going[0], tuple(one for one in planned if one is not going[0]))
    (reason, *_) = (one.reason for one in planned if one.reason is not None)
    if reason is Reason.NO_ADDRESS:
        return no_address((event.source, given.id, given.login), person.name)
    return reason.sentence


def _switched_off(channel: str, policy: Policy) -> Reason | None:
    if channel not in policy.enabled:
        return Reason.CHANNEL_DISABLED
    return None if channel in policy.configured else Reason.CHANNEL_NOT_CONFIGURED


def _unwanted(barred: Reason | None) -> Reason | None:
    # Who asked not to be written to decides that; what a mail server said does not bind anybody.
    return barred if barred is Reason.OPTED_OUT else None


def address_of(channel: str, to: str, policy: Policy) -> str | Fault:
    """Give where a test message goes, or what is wrong with the wish."""
    if channel not in _EXPECTED:
        return Fault("channel", f"must be one of: {', '.join(_EXPECTED)}")
    return normalise(channel, to, policy.default_region) or Fault("to", _EXPECTED[channel])


def reader(channel: str, address: str) -> Party:
    """Give the person who reads a test message, of whom nothing but the address is known."""
    return Party(email=address) if channel == EMAIL else Party(phone=address)


def names_of(channel: str, address: str) -> tuple[Key, ...]:
    """Give what may lead to the person whose address that is."""
    return people.keys_of(reader(channel, address), "", None)


def plan_test(
    event: Event, to: tuple[str, str], memory: Memory, policy: Policy, now: Instant
) -> Plan:
    """Give the plan for a test message to one (channel, address)."""
    channel, address = to
    person = reader(channel, address)
    barred = _switched_off(channel, policy) or memory.suppressed.get(to)
    delivery = NewDelivery(
        person=person,
        key=people.surest_of(person, event.source, policy.default_region),
        channel=channel,
        recipient=address,
        state=State.SUPPRESSED if barred else State.PENDING,
        reason=barred,
        merged_into=None,
        rank=event.ticket.priority.rank,
        due_at=now,
        expires_at=now + policy.ttl[channel],
        why=WHY,
        turn=NO_TURN,
        bundle=_BUNDLE,
    )
    return Plan(ticket=TicketState(occurred_at=event.occurred_at), add=(delivery,))
