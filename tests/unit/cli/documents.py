"""Events and deliveries as the API gives them."""

from typing import Any

TICKET = {
    "id": "123",
    "number": "123",
    "title": "Printer Not Working",
    "priority": "high",
    "status": "open",
    "category": None,
    "url": None,
    "version": None,
}
ATTEMPT = {
    "started_at": "2026-11-23T09:00:00.200Z",
    "ended_at": "2026-11-23T09:00:00.900Z",
    "phase": "dot",
    "outcome": "sent",
    "code": 250,
    "enhanced_code": "2.0.0",
    "reply": "2.0.0 queued as 7",
    "remote": "mail.example.com:587",
    "digest": None,
}


def party(**fields: str) -> dict[str, Any]:
    return {"id": None, "name": None, "email": None, "phone": None, **fields}


def event(**fields: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "source": "default",
        "webhook_id": "msg_1",
        "type": "ticket.assigned",
        "status": "accepted",
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "accepted_at": "2026-11-23T09:00:00.100Z",
        "ticket": TICKET,
        "assignee": party(id="7", name="John Smith"),
        "requester": None,
        "actor": None,
        "note": None,
        "deliveries": [],
        **fields,
    }


def delivery(**fields: Any) -> dict[str, Any]:
    return {
        "id": "dlv_1",
        "event_id": "evt_1",
        "batch_id": None,
        "merged_into": None,
        "ticket": TICKET,
        "recipient": "john@example.com",
        "channel": "email",
        "state": "pending",
        "reason": None,
        "sentence": None,
        "why": "ticket.assigned tells the assignee",
        "due_at": "2026-11-23T09:00:00.100Z",
        "created_at": "2026-11-23T09:00:00.100Z",
        "updated_at": "2026-11-23T09:00:00.100Z",
        "finished_at": None,
        "expires_at": "2026-11-24T09:00:00.100Z",
        "provider_id": None,
        "attempts": [],
        "message": None,
        **fields,
    }
