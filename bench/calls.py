"""The calls that the load makes: signed webhooks, each with an id, a ticket and a person of its
own, so that no limiter rolls two of them up and no dedupe drops one.

Takes numbers, gives the bytes of whole HTTP requests, all of the same length. Refuses nothing.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path

from notifier.sources.signatures import sign

SECRET = "whsec_" + "YmVuY2gtYmVuY2gtYmVuY2gtYmVuY2gtYmVuY2g="

MAPPED = "mapped"
"""The name of the source that reads what a help desk natively sends."""

Make = Callable[[int, int], bytes]
"""Gives the bytes of the request with this number, for this port."""


def body(number: int) -> bytes:
    """Give the body of a native `ticket.assigned`, as long as a help desk's usually is."""
    key = f"{number:08}"
    email = f"tech{key}@example.com"
    event = {
        "type": "ticket.assigned",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "data": {
            "ticket": {
                "id": key,
                "number": key,
                "title": f"Printer Not Working in Room {key}",
                "priority": "high",
                "status": "open",
                "category": "Hardware",
                "url": f"https://desk.example.com/tickets/{key}",
                "version": 7,
            },
            "assignee": {
                "id": key,
                "name": "John Smith",
                "email": email,
                "locale": "en",
                "time_zone": "America/New_York",
            },
            "requester": {"id": "9", "name": "Jane Doe", "email": "jane@example.com"},
            "actor": {"id": "1", "name": "Administrator"},
        },
    }
    return json.dumps(event).encode()


def webhook(number: int, port: int) -> bytes:
    """Give a signed webhook."""
    content, key, now = body(number), f"msg_{number:08}", int(time.time())
    headers = (
        f"webhook-id: {key}\r\nwebhook-timestamp: {now}\r\n"
        f"webhook-signature: {sign(SECRET, key, now, content)}\r\n"
    )
    return _post("/webhooks", port, content, headers)


def mapped(number: int, port: int) -> bytes:
    """Give the same assignment as Help Scout sends it: the whole conversation, with its history."""
    content = _conversation(f"{number:08}")
    signature = base64.b64encode(hmac.digest(SECRET.encode(), content, "sha1")).decode()
    headers = f"x-helpscout-event: convo.assigned\r\nx-helpscout-signature: {signature}\r\n"
    return _post(f"/webhooks/{MAPPED}", port, content, headers)


def _conversation(key: str) -> bytes:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    jane = {"id": 9, "type": "customer", "first": "Jane", "last": "Doe"}
    jane["email"] = "jane@example.com"
    john = {"id": int(f"1{key}"), "type": "user", "first": "John", "last": "Smith"}
    john["email"] = f"tech{key}@example.com"
    admin = {"id": 1, "type": "user", "first": "Administrator", "email": "admin@example.com"}
    assigned = {"type": "changed-ticket-assignee", "text": "", "associatedEntities": {}}
    written = {"type": "", "text": "", "associatedEntities": {}}
    thread = {"status": "active", "state": "published", "createdAt": now}
    conversation = {
        "id": int(f"1{key}"),
        "number": int(f"1{key}"),
        "threads": 2,
        "type": "email",
        "status": "active",
        "state": "published",
        "subject": f"Printer Not Working in Room {key}",
        "mailboxId": 85,
        "assignee": john,
        "createdBy": jane,
        "createdAt": now,
        "userUpdatedAt": now,
        "source": {"type": "email", "via": "customer"},
        "tags": [],
        "primaryCustomer": jane,
        "customFields": [],
        "_embedded": {
            "threads": [
                {"id": 2, "type": "lineitem", "action": assigned, "createdBy": admin, **thread},
                {"id": 1, "type": "customer", "action": written, "createdBy": jane, **thread},
            ]
        },
    }
    return json.dumps(conversation).encode()


def alert(number: int, port: int) -> bytes:
    """Give the same as an alert in the format of Alertmanager's API, version 2."""
    data = json.loads(body(number))["data"]
    alerts = [
        {
            "labels": {"alertname": data["ticket"]["number"], "to": data["assignee"]["email"]},
            "annotations": {
                "title": data["ticket"]["title"],
                "name": data["assignee"]["name"],
                "priority": data["ticket"]["priority"].upper(),
                "by": data["actor"]["name"],
                "link": data["ticket"]["url"],
            },
        }
    ]
    return _post("/api/v2/alerts", port, json.dumps(alerts).encode(), "")


def _post(path: str, port: int, content: bytes, headers: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{headers}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def write(file: Path, make: Make, port: int, count: int) -> int:
    """Write so many requests one after the other; give the length of each."""
    requests = [make(number, port) for number in range(count)]
    file.write_bytes(b"".join(requests))
    return len(requests[0])
