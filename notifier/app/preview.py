"""The message of a delivery, as history shows it.

Takes a delivery with its batch, gives the message that carries it, rendered as it would be now.
Refuses nothing: what cannot be rendered, or never became a message, is None.
"""

from notifier.app.channels import MEDIA
from notifier.model import events
from notifier.model.deliveries import Batch, Member
from notifier.model.errors import DeliveryError
from notifier.model.messages import Message
from notifier.model.states import OPEN
from notifier.rendering.renderer import Renderer
from notifier.store.views import DeliveryDetail


class Preview:
    """Renders for reading, never for sending."""

    def __init__(self, renderer: Renderer) -> None:
        """`renderer` is the one that dispatch uses."""
        self._renderer = renderer

    def __call__(self, detail: DeliveryDetail) -> Message | None:
        """Give the message, or None."""
        medium = MEDIA.get(detail.view.channel or "")
        batch = detail.batch or _alone(detail)
        if medium is None or batch is None:
            return None
        try:
            return self._renderer.render(batch, medium)
        except DeliveryError:
            return None


def _alone(detail: DeliveryDetail) -> Batch | None:
    view, event = detail.view, detail.event
    if view.state not in OPEN or view.channel is None or view.recipient is None:
        return None
    member = Member(
        delivery_id=view.id,
        event_id=view.event_id,
        ticket_id=view.id,
        ticket_number=view.ticket_number,
        rank=view.rank,
        person_name=view.person_name,
        expires_at=view.expires_at,
        head=(event.source, event.webhook_id, event.type, event.occurred_at),
        facts=events.to_facts(event),
    )
    return Batch(
        id=view.id,
        fence=0,
        channel=view.channel,
        address=view.recipient,
        rank=view.rank,
        attempts=0,
        first_at=view.due_at,
        recipe="",
        was_unknown=False,
        stored=None,
        members=(member,),
    )
