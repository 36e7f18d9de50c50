"""What the service says of its own past, asked for over /v1 as anybody would.

Takes the service's address and a token, gives its JSON. Refuses (httpx2.HTTPError) when it
does not answer within five seconds, or not as documented.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from notifier.demo.catcher import Caught, CaughtMail

Shape = dict[str, Any]

_TIMEOUT = 5.0
_EVENTS = 100
# So many pages of 200 hold the largest roll-up.
_PAGES = 5


@dataclass(frozen=True, slots=True)
class Carried:
    """What left as one message: its deliveries, oldest first, and the attempts.

    `event` is that of the first delivery. A batch is tried as a whole, so the attempts of the
    first delivery are those of all.
    """

    event: Shape
    deliveries: Sequence[Shape]
    attempts: Sequence[Shape]


class History:
    """Reads events and deliveries, between `async with` and its end."""

    def __init__(self, url: str, token: str, page: int = 200) -> None:
        """`token` is one of API_TOKENS; `page` is how many rows are asked for at once."""
        self._page = page
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

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

    async def events(self) -> Sequence[Shape]:
        """Give the newest events, each with its deliveries, newest first."""
        page = await self._get("/v1/events", limit=_EVENTS)
        items: list[Shape] = page["items"]
        return items

    async def carried(self, message: Caught) -> Carried | None:
        """Give what left as this message.

        None when the service did not send it, or has not yet written down that it did.
        """
        found = [one async for one in self._of_lane(message) if _carries(one, message)]
        if not found:
            return None
        first = found[-1]
        detail = await self._get(f"/v1/deliveries/{first['id']}")
        event = await self._get(f"/v1/events/{first['event_id']}")
        return Carried(event, found[::-1], detail["attempts"])

    async def _of_lane(self, message: Caught) -> AsyncIterator[Shape]:
        cursor: dict[str, str] = {}
        for _ in range(_PAGES):
            page = await self._get(
                "/v1/deliveries",
                recipient=message.to,
                channel="email" if isinstance(message, CaughtMail) else "sms",
                limit=self._page,
                **cursor,
            )
            for item in page["items"]:
                yield item
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    async def _get(self, path: str, **parameters: str | int) -> Shape:
        answer = await self._client.get(path, params=parameters)
        answer.raise_for_status()
        shape: Shape = answer.json()
        return shape


def _carries(delivery: Shape, message: Caught) -> bool:
    if isinstance(message, CaughtMail):
        return delivery["batch_id"] is not None and delivery["batch_id"] == message.batch_id
    return delivery["provider_id"] is not None and delivery["provider_id"] == message.sid
