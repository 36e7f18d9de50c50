"""A help desk for the demonstration: what it posts, in which order, and what it was answered.

Takes the service's address and a secret, gives every call with its answer, the last thousand
of them. Refuses to wait longer than ten seconds for one.
"""

import itertools
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from notifier.clock import SystemClock
from notifier.model.times import SECOND, Instant
from notifier.sources import headers

_TIMEOUT = 10.0
_MOST = 1000
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


_FIRST_FREE_NUMBER = 137

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """One call and its answer; `place` counts from 1, `remark` says what is special about it."""

    place: int
    webhook_id: str
    body: Body
    remark: str | None
    at: Instant
    status: int
    answer: Mapping[str, Any]


class Desk:
    """Posts signed webhooks over HTTP, between `async with` and its end."""

    def __init__(self, url: str, secret: str, wrong_secret: str) -> None:
        """`url` is the service's; `wrong_secret` is one that it does not know."""
        self._url = f"{url}/webhooks"
        self._secret = secret
        self._wrong_secret = wrong_secret
        self._clock = SystemClock()
        self._client = httpx2.AsyncClient(timeout=_TIMEOUT, trust_env=False)
        self._webhook_ids = (f"demo-{place}" for place in itertools.count(1))
        self._places = itertools.count(1)
        self._numbers = itertools.count(_FIRST_FREE_NUMBER)
        self.posted: deque[Posted] = deque(maxlen=_MOST)

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        await self._client.aclose()

    async def tell(self) -> None:
        """Post the whole story, one call after the other."""
        first = await self.post(_event("ticket.assigned", "123", "Printer Not Working", "high"))
        created = _event("ticket.created", "124", "Network Issue", "medium")
        await self.post(created)
        await self.repeat(first, "the first call again")
        await self.forge(created)
        for number, title, priority in _BURST:
            await self.post(_event("ticket.assigned", number, title, priority, MARIA))

    async def post(self, event: Body) -> Posted:
        """Post an event as it should be."""
        return await self._post(next(self._webhook_ids), event)

    async def repeat(self, call: Posted, remark: str) -> Posted:
        """Post what was posted before, under the same id."""
        return await self._post(call.webhook_id, call.body, remark)

    async def forge(self, event: Body) -> Posted:
        """Post an event with a signature that does not fit."""
        return await self._post(
            next(self._webhook_ids), event, "signed with a wrong secret", self._wrong_secret
        )

    def next_event(self, kind: str, title: str, priority: str, person: Mapping[str, str]) -> Body:
        """Give an event of a ticket that was not there before."""
        return _event(kind, str(next(self._numbers)), title, priority, person)

    async def _post(
        self, webhook_id: str, event: Body, remark: str | None = None, secret: str | None = None
    ) -> Posted:
        body, now = json.dumps(event).encode(), self._clock.now()
        signed = headers.signed(secret or self._secret, webhook_id, now // SECOND, body)
        answer = await self._client.post(self._url, content=body, headers=signed)
        posted = Posted(
            place=next(self._places),
            webhook_id=webhook_id,
            body=event,
            remark=remark,
            at=now,
            status=answer.status_code,
            answer=answer.json(),
        )
        self.posted.append(posted)
        return posted


def _event(
    kind: str, number: str, title: str, priority: str, assignee: Mapping[str, str] = JOHN
) -> Body:
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
