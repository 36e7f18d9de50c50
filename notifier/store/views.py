"""History as it is read: events, deliveries, attempts, and how lists are asked for.

Takes filters, gives frozen views. Refuses nothing: the web layer has checked the parameters.
"""

from typing import Generic, TypeVar

from notifier.model.deliveries import Batch
from notifier.model.events import Event, EventStatus
from notifier.model.people import Named
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import Instant
from notifier.model.values import value

T = TypeVar("T")


@value
class Slice:
    """Which part of a list: `limit` rows whose ids are smaller than `before`."""

    limit: int
    before: int | None = None


@value
class Page(Generic[T]):
    """Rows, newest first; `next_before` is None at the end."""

    items: tuple[T, ...]
    next_before: int | None


@value
class DeliveryView:
    """One delivery. `person_id` is internal; `ticket_id` is the source's own.

    `named`: how the event named a person of whom no address was known.
    """

    id: int
    event_id: int
    batch_id: int | None
    merged_into: int | None
    ticket_id: str
    ticket_number: str
    ticket_title: str
    person_id: int | None
    person_name: str | None
    recipient: str | None
    channel: str | None
    state: State
    reason: Reason | None
    why: str
    rank: int
    due_at: Instant
    created_at: Instant
    updated_at: Instant
    finished_at: Instant | None
    expires_at: Instant
    provider_id: str | None
    named: Named | None = None


@value
class AttemptView:
    """One try, as the API shows it; `ended_at` is None while it runs."""

    started_at: Instant
    ended_at: Instant | None
    phase: str
    outcome: str
    code: int | None
    enhanced_code: str | None
    reply: str | None
    remote: str | None
    digest: str | None


@value
class DeliveryDetail:
    """One delivery with its attempts, oldest first, and the batch that carries it, if any.

    `batch` is None while none was formed; its event is then rendered alone.
    """

    view: DeliveryView
    event: Event
    attempts: tuple[AttemptView, ...]
    batch: Batch | None


@value
class EventDetail:
    """One event, its note, and its deliveries."""

    id: int
    status: EventStatus
    event: Event
    accepted_at: Instant
    note: str | None
    deliveries: tuple[DeliveryView, ...]


@value
class RawCall:
    """A call as it came, without what is confidential in it."""

    method: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@value
class UnmappedCall:
    """A call that no event could be made of, on its way to the store.

    `note` says why; `digest` tells that the same call came again.
    """

    source: str
    digest: bytes
    note: str
    raw: RawCall


@value
class UnmappedDetail:
    """A call that no event could be made of: `unmapped`, or `replayed` once it was read after all.

    `note` says why, or what came of it. `body` tells whether the call itself is still kept.
    """

    id: int
    status: EventStatus
    source: str
    accepted_at: Instant
    note: str
    body: bool


@value
class EventFilter:
    """What events to list; None means any. `ticket` is a number or an id of the source."""

    source: str | None = None
    type: str | None = None
    ticket: str | None = None
    status: EventStatus | None = None
    since: Instant | None = None
    until: Instant | None = None


@value
class DeliveryFilter:
    """What deliveries to list; an empty tuple of states means any."""

    states: tuple[State, ...] = ()
    recipient: str | None = None
    channel: str | None = None
    ticket: str | None = None
    source: str | None = None
    since: Instant | None = None
    until: Instant | None = None
