"""The shapes of the API: views as the dicts that become JSON.

Takes views and messages, gives dicts as openapi.yaml has them; what is absent is null.
Refuses nothing.
"""

from dataclasses import asdict

from notifier.model import ids, times
from notifier.model.events import Event, Party, Priority
from notifier.model.messages import Email, Message
from notifier.model.people import no_address
from notifier.model.reasons import Reason
from notifier.model.times import Instant
from notifier.store.base import Recorded
from notifier.store.views import (
    AttemptView,
    DeliveryDetail,
    DeliveryView,
    EventDetail,
    UnmappedDetail,
)

Shape = dict[str, object]


def recorded(answer: Recorded, base_url: str) -> Shape:
    """Give the answer to a webhook."""
    events = [ids.public("evt", number) for number in answer.events]
    event_id = events[0] if events else ids.public_or_none("evt", answer.event_id)
    return {
        "event_id": event_id,
        "status": answer.status,
        "note": answer.note,
        "url": None if event_id is None else f"{base_url}/v1/events/{event_id}",
        "deliveries": [_brief(view) for view in answer.deliveries],
        "events": events,
    }


def _brief(view: DeliveryView) -> Shape:
    return {
        "id": ids.public("dlv", view.id),
        "recipient": view.recipient,
        "channel": view.channel,
        "state": str(view.state),
        "reason": view.reason and str(view.reason),
    }


def event(detail: EventDetail | UnmappedDetail) -> Shape:
    """Give one event with its deliveries, or a call that no event could be made of."""
    if isinstance(detail, UnmappedDetail):
        return _unmapped(detail)
    fact = detail.event
    return {
        "id": ids.public("evt", detail.id),
        "source": fact.source,
        "webhook_id": fact.webhook_id,
        "type": fact.type,
        "status": detail.status,
        "occurred_at": times.to_text(fact.occurred_at),
        "accepted_at": times.to_text(detail.accepted_at),
        "ticket": _ticket(fact),
        "assignee": _party(fact.assignee),
        "requester": _party(fact.requester),
        "actor": _party(fact.actor),
        "note": detail.note,
        "deliveries": [delivery(view) for view in detail.deliveries],
    }


def _unmapped(detail: UnmappedDetail) -> Shape:
    accepted_at = times.to_text(detail.accepted_at)
    return {
        "id": ids.public("evt", detail.id),
        "source": detail.source,
        "webhook_id": None,
        "type": None,
        "status": detail.status,
        "occurred_at": accepted_at,
        "accepted_at": accepted_at,
        "ticket": None,
        "assignee": None,
        "requester": None,
        "actor": None,
        "note": detail.note,
        "deliveries": [],
    }


def _ticket(fact: Event) -> Shape:
    ticket = fact.ticket
    return {
        "id": ticket.id,
        "number": ticket.number,
        "title": ticket.title,
        "priority": ticket.priority,
        "status": ticket.status,
        "category": ticket.category,
        "url": ticket.url,
        "version": ticket.version,
    }


def _party(party: Party | None) -> Shape | None:
    return None if party is None else asdict(party)


def delivery(view: DeliveryView) -> Shape:
    """Give one delivery as lists have it."""
    return {
        "id": ids.public("dlv", view.id),
        "event_id": ids.public("evt", view.event_id),
        "batch_id": None if view.batch_id is None else ids.public("bat", view.batch_id),
        "merged_into": None if view.merged_into is None else ids.public("dlv", view.merged_into),
        "ticket": {
            "id": view.ticket_id,
            "number": view.ticket_number,
            "title": view.ticket_title,
        },
        "person": {
            "id": None if view.person_id is None else ids.public("per", view.person_id),
            "name": view.person_name,
        },
        "recipient": view.recipient,
        "channel": view.channel,
        "state": view.state,
        "reason": view.reason,
        "sentence": _sentence(view),
        "why": view.why,
        "priority": Priority.ranked(view.rank),
        "due_at": times.to_text(view.due_at),
        "created_at": times.to_text(view.created_at),
        "updated_at": times.to_text(view.updated_at),
        "finished_at": _time(view.finished_at),
        "expires_at": times.to_text(view.expires_at),
        "provider_id": view.provider_id,
    }


def delivery_detail(detail: DeliveryDetail, said: Message | None) -> Shape:
    """Give one delivery alone, with its attempts and the message that carries it."""
    channel = detail.view.channel
    return {
        **delivery(detail.view),
        "attempts": [_attempt(attempt) for attempt in detail.attempts],
        "message": None if said is None or channel is None else message(channel, said),
    }


def test(view: DeliveryView, base_url: str) -> Shape:
    """Give the answer to a test message."""
    delivery_id = ids.public("dlv", view.id)
    return {
        "id": delivery_id,
        "state": view.state,
        "url": f"{base_url}/v1/deliveries/{delivery_id}",
    }


def _sentence(view: DeliveryView) -> str | None:
    if view.reason is Reason.NO_ADDRESS and view.named is not None:
        return no_address(view.named, view.person_name)
    return None if view.reason is None else view.reason.sentence


def _attempt(attempt: AttemptView) -> Shape:
    return {
        "started_at": times.to_text(attempt.started_at),
        "ended_at": _time(attempt.ended_at),
        "phase": attempt.phase,
        "outcome": attempt.outcome,
        "code": attempt.code,
        "enhanced_code": attempt.enhanced_code,
        "reply": attempt.reply,
        "remote": attempt.remote,
        "digest": attempt.digest,
    }


def message(channel: str, said: Message) -> Shape:
    """Give a message as its medium has it."""
    if isinstance(said, Email):
        return {
            "channel": channel,
            "subject": said.subject,
            "text": said.text,
            "html": said.html,
        }
    return {
        "channel": channel,
        "body": said.body,
        "segments": said.segments,
        "encoding": said.encoding,
    }


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else times.to_text(instant)
