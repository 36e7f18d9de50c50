"""The native webhook: our own format, signed by Standard Webhooks.

Takes a call, gives its one event. Refuses an unknown media type, a body that is not strict
JSON, and one that is not an event. What product text calls absent (null, empty, not there) is
None in the event; all other text is kept as it was given.
"""

from collections.abc import Sequence

from notifier.model.events import Event, Party, Ticket
from notifier.model.times import SECOND, Instant, Millis
from notifier.sources import json_body, native_shape, signatures
from notifier.sources.call import Call, Reading
from notifier.sources.challenge import Challenger
from notifier.sources.native_shape import PartyShape, TicketShape
from notifier.sources.secrets import Secret

_ACCEPTED = 202
_REPEATED = 200
_LARGEST_BODY = 256 * 1024
_NOBODY = Party()
_CONFIDENTIAL = frozenset({"webhook-signature"})


class NativeSource:
    """One help desk that speaks the native format; a Source."""

    methods: frozenset[str] = frozenset({"POST"})
    challenger: Challenger | None = None
    takes_tail = False

    def __init__(
        self,
        name: str,
        secrets: Sequence[Secret],
        tolerance: Millis,
        max_body: int = _LARGEST_BODY,
    ) -> None:
        """`tolerance`: how far the sender's clock may be off, both ways; `max_body` in bytes."""
        self._name = name
        self.max_body = max_body
        self._secrets = tuple(secrets)
        self._tolerance = tolerance

    @property
    def name(self) -> str:
        """Give the name in the URL."""
        return self._name

    @property
    def success_status(self) -> int:
        """Give 202: it is stored, not yet sent."""
        return _ACCEPTED

    @property
    def confidential(self) -> frozenset[str]:
        """Give the one header that only somebody who knows a secret can make."""
        return _CONFIDENTIAL

    @property
    def repeat_status(self) -> int:
        """Give 200: it was stored before."""
        return _REPEATED

    def verify(self, call: Call, now: Instant) -> None:
        """Return if somebody who knows a secret signed the call lately; raises BadSignature."""
        signatures.verify(call, self._secrets, self._tolerance, now)

    def read(self, call: Call, now: Instant) -> Sequence[Reading]:
        """Give the one event of a verified call.

        Raises UnsupportedMedia, BadPayload or WrongShape; BadSignature if `verify` would have,
        for want of an id or a time.
        """
        value = json_body.read(call)
        event = event_of(self._name, signatures.webhook_id(call), signatures.signed_at(call), value)
        return (Reading(event, exact=True),)


def event_of(source: str, webhook_id: str, signed_at: Instant, value: object) -> Event:
    """Make an event of the value of a body; raises WrongShape.

    `signed_at` is when it happened, unless the body says so itself.
    """
    shape = native_shape.read(value)
    data = shape.data
    return Event(
        source=source,
        webhook_id=webhook_id,
        type=shape.type,
        # Nothing happens after it was signed; a time far ahead would silence what follows it.
        occurred_at=signed_at
        if shape.timestamp is None
        else min(shape.timestamp, signed_at + SECOND),
        ticket=_ticket(data.ticket),
        assignee=_party(data.assignee),
        requester=_party(data.requester),
        actor=_party(data.actor),
    )


def _ticket(shape: TicketShape) -> Ticket:
    return Ticket(
        id=shape.id,
        title=shape.title,
        number=shape.id if shape.number is None else shape.number,
        priority=shape.priority,
        status=shape.status or None,
        category=shape.category or None,
        url=shape.url or None,
        version=shape.version,
    )


def _party(shape: PartyShape | None) -> Party | None:
    if shape is None:
        return None
    party = Party(
        id=shape.id,
        name=shape.name or None,
        email=shape.email or None,
        phone=shape.phone or None,
        locale=shape.locale or None,
        time_zone=shape.time_zone or None,
        login=shape.login or None,
    )
    return None if party == _NOBODY else party
