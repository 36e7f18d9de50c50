"""The deliveries an event adds: one per channel of the person, each with its verdict.

Takes what is known when the event arrives, gives new deliveries. Refuses nothing: what must
not be sent is born in the state, and with the reason, that says so.
"""

from notifier.model.events import Event, Party, version_order
from notifier.model.plans import NO_TURN, Memory, NewDelivery, Told
from notifier.model.reasons import Reason
from notifier.model.states import SPEAKING, State
from notifier.model.times import Instant
from notifier.model.values import value
from notifier.planning import audience, people
from notifier.planning.addresses import SMS, normalise
from notifier.planning.policy import Policy

_LONGEST_RECIPIENT = 320

_Verdict = tuple[State, Reason | None]

_NO_ADDRESS = (State.FAILED, Reason.NO_ADDRESS)
_OWN_ACTION = (State.SUPPRESSED, Reason.OWN_ACTION)


@value
class Occasion:
    """An event in its moment. `turn` is None when the event is not of the current turn."""

    event: Event
    memory: Memory
    policy: Policy
    now: Instant
    older: bool
    turn: int | None


def notices_for(person: Party, occasion: Occasion) -> tuple[NewDelivery, ...]:
    """Give one delivery per channel, or the one that says there is none."""
    own = audience.is_own_action(occasion.event, person) and not occasion.policy.notify_self
    channels = audience.channels_of(person)
    if not channels:
        return (_new(person, occasion, (None, None), _OWN_ACTION if own else _NO_ADDRESS),)
    return tuple(_notice(person, occasion, given, own) for given in channels)


def _notice(person: Party, occasion: Occasion, given: tuple[str, str], own: bool) -> NewDelivery:
    channel, text = given
    address = normalise(channel, text, occasion.policy.default_region)
    to = (channel, address or people.storable(text)[:_LONGEST_RECIPIENT])
    if own:
        return _new(person, occasion, to, _OWN_ACTION)
    if address is None:
        return _new(person, occasion, to, (State.FAILED, Reason.BAD_ADDRESS))
    barred = _barred(occasion, channel, address)
    if barred is not None:
        return _new(person, occasion, to, (State.SUPPRESSED, barred))
    told = _told_already(occasion, channel)
    if told is not None:
        return _new(person, occasion, to, (State.MERGED, Reason.SAME_SAVE), told.delivery_id)
    if occasion.older and not _untold_holder(occasion, channel):
        return _new(person, occasion, to, (State.CANCELLED, Reason.SUPERSEDED))
    return _new(person, occasion, to, (State.PENDING, None))


def _barred(occasion: Occasion, channel: str, address: str) -> Reason | None:
    policy = occasion.policy
    if channel not in policy.enabled:
        return Reason.CHANNEL_DISABLED
    if channel not in policy.configured:
        return Reason.CHANNEL_NOT_CONFIGURED
    if channel == SMS and occasion.event.ticket.priority.rank > policy.sms_min_rank:
        return Reason.BELOW_SMS_PRIORITY
    return occasion.memory.suppressed.get((channel, address))


def _told_already(occasion: Occasion, channel: str) -> Told | None:
    here = (channel, occasion.turn)
    for told in occasion.memory.told:
        speaks = told.state in SPEAKING and not told.withdrawn
        if speaks and (told.channel, told.turn) == here and _same_save(occasion, told):
            return told
    return None


def _untold_holder(occasion: Occasion, channel: str) -> bool:
    """Tell whether a late event is the first that could tell whoever holds the ticket now.

    An update may overtake the assignment it follows. It tells nobody, so the assignment must.
    """
    state = occasion.memory.ticket
    if occasion.turn is None or state is None or state.closed:
        return False
    here = (channel, occasion.turn)
    return all((told.channel, told.turn) != here for told in occasion.memory.told)


def _same_save(occasion: Occasion, told: Told) -> bool:
    version = version_order(occasion.event.ticket.version)
    if version is not None and told.save == f"{version[0]}:{version[1]}":
        return True
    return occasion.now - told.created_at <= occasion.policy.same_save_window


def _new(
    person: Party,
    occasion: Occasion,
    to: tuple[str | None, str | None],
    verdict: _Verdict,
    merged_into: int | None = None,
) -> NewDelivery:
    channel, recipient = to
    state, reason = verdict
    now = occasion.now
    return NewDelivery(
        person=person,
        key=people.surest_of(person, occasion.event.source, occasion.policy.default_region),
        channel=channel,
        recipient=recipient,
        state=state,
        reason=reason,
        merged_into=merged_into,
        rank=occasion.event.ticket.priority.rank,
        due_at=now,
        expires_at=now if channel is None else now + occasion.policy.ttl[channel],
        why=f"{occasion.event.type} tells the assignee",
        turn=NO_TURN if occasion.turn is None else occasion.turn,
    )
