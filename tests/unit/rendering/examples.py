"""Batches and styles to render from; the values are those of the published messages."""

from dataclasses import replace

from notifier.model import events
from notifier.model.deliveries import Batch, Member
from notifier.model.events import Event, Party, Priority, Ticket
from notifier.model.rates import Limits, Window
from notifier.model.times import DAY, HOUR, MINUTE, Instant
from notifier.rendering.style import Style

START: Instant = 1_795_424_400_000

STYLE = Style(
    from_email="helpdesk@example.com",
    from_name="IT Help Desk System",
    reply_to=None,
    url_template=None,
    url_hosts=frozenset(),
    sms_max_segments=1,
    limits={"email": Limits((Window(5, MINUTE), Window(60, HOUR)))},
)

JOHN = Party("7", "John Smith", "john@example.com", "+14155550123")

ASSIGNED = Event(
    "default",
    "call-1",
    "ticket.assigned",
    START,
    Ticket("123", "Printer Not Working", "123", Priority.HIGH, "open", "Hardware"),
    JOHN,
    Party("9", "Jane Doe", "jane@example.com"),
    Party("1", "Administrator"),
)

CREATED = replace(
    ASSIGNED,
    type="ticket.created",
    ticket=Ticket("124", "Network Issue", "124", Priority.MEDIUM, "open", "Network"),
)

LINKED = replace(
    ASSIGNED, ticket=replace(ASSIGNED.ticket, url="https://desk.example.com/tickets/123")
)

TEST = replace(ASSIGNED, type="test.message")


def about(number: str, priority: Priority = Priority.HIGH, of: Event = ASSIGNED) -> Event:
    """Give an event like `of` about another ticket."""
    return replace(of, ticket=replace(of.ticket, id=number, number=number, priority=priority))


def titled(title: str, of: Event = ASSIGNED) -> Event:
    """Give an event like `of` about a ticket of another title."""
    return replace(of, ticket=replace(of.ticket, title=title))


def batch(
    *happened: Event,
    to: str = "john@example.com",
    name: str | None = "John Smith",
    stored: bytes | None = None,
) -> Batch:
    """Give a batch of these events, in this order, for one lane."""
    tickets = {key: place for place, key in enumerate({_key(event): 0 for event in happened}, 1)}
    members = tuple(
        Member(
            delivery_id=place,
            event_id=place,
            ticket_id=tickets[_key(event)],
            ticket_number=event.ticket.number,
            rank=event.ticket.priority.rank,
            person_name=name,
            expires_at=START + DAY,
            head=(event.source, event.webhook_id, event.type, event.occurred_at),
            facts=events.to_facts(event),
        )
        for place, event in enumerate(happened, 1)
    )
    return Batch(
        id=77,
        fence=1,
        channel="email",
        address=to,
        rank=min(member.rank for member in members),
        attempts=0,
        first_at=START,
        recipe="recipe",
        was_unknown=stored is not None,
        stored=stored,
        members=members,
    )


def _key(event: Event) -> tuple[str, str]:
    return event.source, event.ticket.id
