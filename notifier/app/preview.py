"""Messages as history shows them, and as they would be: rendered for reading, never for sending.

Takes a delivery with its batch, or an event on a channel, gives the message. Refuses
(WrongShape) what is not an event or cannot be rendered; a delivery that cannot is None.
"""

from notifier.app.channels import MEDIA
from notifier.model import events, times
from notifier.model.deliveries import Batch, Member
from notifier.model.errors import DeliveryError, Fault, WrongShape
from notifier.model.events import Event
from notifier.model.messages import Message
from notifier.model.states import OPEN
from notifier.model.times import Clock, Instant
from notifier.rendering.renderer import Renderer
from notifier.sources import native
from notifier.store.views import DeliveryDetail

_SOURCE = "preview"
_NOBODY = "nobody@localhost"
"""Whom a draft is addressed to; it goes nowhere."""


class Preview:
    """Renders what the store knows."""

    def __init__(self, renderer: Renderer) -> None:
        """`renderer` is the one that dispatch uses."""
        self._renderer = renderer

    def __call__(self, detail: DeliveryDetail) -> Message | None:
        """Give the message, or None."""
        medium = MEDIA.get(detail.view.channel or "")
        batch = detail.batch or _waiting(detail)
        if medium is None or batch is None:
            return None
        try:
            return self._renderer.render(batch, medium)
        except DeliveryError:
            return None


class Drafts:
    """Renders what nobody has sent."""

    def __init__(self, renderer: Renderer, clock: Clock) -> None:
        """`renderer` is the one that dispatch uses."""
        self._renderer = renderer
        self._clock = clock

    def __call__(self, channel: str, value: object) -> Message:
        """Give the message that a native event would become; raises WrongShape."""
        now = self._clock.now()
        event, faults = _read(value, now)
        medium = MEDIA.get(channel)
        if medium is None:
            faults = [Fault("channel", f"must be one of: {', '.join(MEDIA)}"), *faults]
        if event is None or medium is None:
            raise WrongShape(faults)
        try:
            return self._renderer.render(_unsent(event, channel, now), medium)
        except DeliveryError as error:
            raise WrongShape([Fault("event", f"cannot be rendered: {error}")]) from error


def _read(value: object, now: Instant) -> tuple[Event | None, list[Fault]]:
    try:
        return native.event_of(_SOURCE, _SOURCE, now, value), []
    except WrongShape as error:
        return None, [
            Fault(f"event.{fault.path}" if fault.path else "event", fault.message)
            for fault in error.faults
        ]


def _waiting(detail: DeliveryDetail) -> Batch | None:
    view = detail.view
    if view.state not in OPEN or view.channel is None or view.recipient is None:
        return None
    member = _member(detail.event, (view.id, view.event_id, view.id), view.person_name)
    return _alone(member, view.channel, view.recipient, view.due_at)


def _unsent(event: Event, channel: str, now: Instant) -> Batch:
    name = None if event.assignee is None else event.assignee.name
    member = _member(event, (0, 0, 0), name)
    return _alone(member, channel, _NOBODY, now)


def _member(event: Event, numbers: tuple[int, int, int], name: str | None) -> Member:
    delivery_id, event_id, ticket_id = numbers
    return Member(
        delivery_id=delivery_id,
        event_id=event_id,
        ticket_id=ticket_id,
        ticket_number=event.ticket.number,
        rank=event.ticket.priority.rank,
        person_name=name,
        expires_at=times.LAST,
        head=(event.source, event.webhook_id, event.type, event.occurred_at),
        facts=events.to_facts(event),
    )


def _alone(member: Member, channel: str, address: str, first_at: Instant) -> Batch:
    return Batch(
        id=member.delivery_id,
        fence=0,
        channel=channel,
        address=address,
        rank=member.rank,
        attempts=0,
        first_at=first_at,
        recipe="",
        was_unknown=False,
        stored=None,
        members=(member,),
    )
