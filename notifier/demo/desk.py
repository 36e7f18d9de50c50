"""A help desk for the demonstration: what it posts, in which order, and what it was answered.

Takes the service's address and a secret, gives every call with its answer. Refuses to wait
longer than ten seconds for one.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from notifier.sources import headers

_TIMEOUT = 10.0
_LINK = "https://desk.example.com/tickets/"

JOHN: Mapping[str, str] = {
    "id": "7",
    "name": "John Smith",
    "email": "john@example.com",
    "phone": "+14155550123",
}
MARIA: Mapping[str, str] = {
    "id": "8",
    "name": "Maria Garcia",
    "email": "maria@example.com",
    "phone": "+14155550124",
}
_JANE = {"id": "9", "name": "Jane Doe", "email": "jane@example.com"}
_ADMINISTRATOR = {"id": "1", "name": "Administrator"}

_BURST = (
    ("128", "VPN drops every hour", "medium"),
    ("129", "Monitor flickers", "low"),
    ("130", "Printer Not Working", "high"),
    ("131", "Password reset does not arrive", "high"),
    ("132", "Shared folder is read-only", "medium"),
    ("133", "Laptop does not charge", "medium"),
    ("134", "Headset has no sound", "low"),
    ("135", "Calendar shows the wrong time zone", "low"),
    ("136", "New starter needs an account", "low"),
)

ALONE = 2
"""So many of the burst leave at once, each for itself; the rest leaves as one roll-up."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One call and its answer; `remark` says what is special about it."""

    webhook_id: str
    body: Mapping[str, Any]
    remark: str | None
    status: int
    answer: Mapping[str, Any]


class Desk:
    """Posts signed webhooks, one after the other, over HTTP."""

    def __init__(self, url: str, secret: str, wrong_secret: str) -> None:
        """`url` is the service's; `wrong_secret` is one that it does not know."""
        self._url = f"{url}/webhooks"
        self._secret = secret
        self._wrong_secret = wrong_secret

    async def tell(self) -> Sequence[Posted]:
        """Post everything; gives the calls in their order."""
        assigned = _event("ticket.assigned", "123", "Printer Not Working", "high", JOHN)
        created = _event("ticket.created", "124", "Network Issue", "medium", JOHN)
        async with httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            posted = [
                await self._post(client, "demo-1", assigned),
                await self._post(client, "demo-2", created),
                await self._post(client, "demo-1", assigned, "the first call again"),
                await self._post(client, "demo-3", created, "signed with a wrong secret"),
            ]
            for place, (number, title, priority) in enumerate(_BURST, 4):
                event = _event("ticket.assigned", number, title, priority, MARIA)
                posted.append(await self._post(client, f"demo-{place}", event))
        return posted

    async def _post(
        self,
        client: httpx2.AsyncClient,
        webhook_id: str,
        event: Mapping[str, Any],
        remark: str | None = None,
    ) -> Posted:
        secret = self._wrong_secret if webhook_id == "demo-3" else self._secret
        body = json.dumps(event).encode()
        signed = headers.signed(secret, webhook_id, int(time.time()), body)
        answer = await client.post(self._url, content=body, headers=signed)
        return Posted(webhook_id, event, remark, answer.status_code, answer.json())


def _event(
    kind: str, number: str, title: str, priority: str, assignee: Mapping[str, str]
) -> Mapping[str, Any]:
    return {
        "type": kind,
        "data": {
            "ticket": {
                "id": number,
                "number": number,
                "title": title,
                "priority": priority,
                "status": "open",
                "category": "Network" if kind == "ticket.created" else "Hardware",
                "url": f"{_LINK}{number}",
            },
            "assignee": assignee,
            "requester": _JANE,
            "actor": _ADMINISTRATOR,
        },
    }
