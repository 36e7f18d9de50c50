"""Calls that a native help desk would make, for the tests of the sources."""

import json
from typing import Any

import pytest

from notifier.model.errors import Fault, WrongShape
from notifier.model.events import Event
from notifier.sources.call import Call
from notifier.sources.native import NativeSource
from notifier.sources.secrets import Secret
from notifier.sources.signatures import sign

NOW = 1_795_424_400_000
"""2026-11-23T09:00:00Z."""

SECONDS = NOW // 1000
TOLERANCE = 300_000
SECRET = Secret(bytes(range(32)))
SOURCE = NativeSource("default", [SECRET], TOLERANCE)
OTHER = Secret(b"another-secret-of-the-tests")
BODY = b'{"type": "ticket.created", "data": {"ticket": {"id": 1, "title": "T"}}}'

Headers = tuple[tuple[bytes, bytes], ...]


def headers(signature: bytes, name: bytes = b"msg_1", timestamp: bytes = b"1795424400") -> Headers:
    return (
        (b"webhook-id", name),
        (b"webhook-timestamp", timestamp),
        (b"webhook-signature", signature),
    )


def signed(
    body: bytes = BODY, secret: Secret = SECRET, *more: tuple[bytes, bytes], name: str = "msg_1"
) -> Call:
    """Give a call as an honest sender makes it, with more headers if there are any."""
    signature = sign(secret, name, SECONDS, body).encode()
    return Call((*headers(signature, name.encode()), *more), body)


def whole() -> dict[str, Any]:
    """Give an event with every field."""
    return {
        "type": "ticket.assigned",
        "timestamp": "2026-11-23T08:59:58.5Z",
        "data": {
            "ticket": {
                "id": "123",
                "number": "HD-123",
                "title": "Printer Not Working",
                "priority": "high",
                "status": "open",
                "category": "Hardware",
                "url": "https://desk.example.com/tickets/123",
                "version": 7,
            },
            "assignee": {
                "id": "7",
                "name": "John Smith",
                "email": "john@example.com",
                "phone": "+14155550123",
                "locale": "en",
                "time_zone": "America/New_York",
                "login": "jsmith",
            },
            "requester": {"id": "9", "name": "Jane Doe", "email": "jane@example.com"},
            "actor": {"id": "1", "name": "Administrator"},
        },
    }


def least() -> dict[str, Any]:
    """Give an event with the required fields only."""
    return {"type": "ticket.created", "data": {"ticket": {"id": "124", "title": "Network Issue"}}}


def posted(event: object) -> Call:
    """Give the signed call that carries an event."""
    return signed(json.dumps(event).encode())


def read(event: object) -> Event:
    (found,) = SOURCE.read(posted(event), NOW)
    return found.event


def faults(event: object) -> list[Fault]:
    with pytest.raises(WrongShape) as caught:
        SOURCE.read(posted(event), NOW)
    return list(caught.value.faults)


def fault(event: object) -> tuple[str, str]:
    (only,) = faults(event)
    return only.path, only.message


def with_field(path: str, value: object) -> dict[str, Any]:
    """Give the whole event with one field (`data.ticket.id`) set."""
    event = whole()
    place: Any = event
    *parents, last = path.split(".")
    for parent in parents:
        place = place[parent]
    place[last] = value
    return event


def without_field(path: str) -> dict[str, Any]:
    event = with_field(path, None)
    place: Any = event
    *parents, last = path.split(".")
    for parent in parents:
        place = place[parent]
    del place[last]
    return event
