"""Reading: events and deliveries, one by one and in lists.

Takes authorised GET calls, gives history as JSON. Refuses wrong parameters (422), ids that
lead to nothing (404), and says so when the store cannot be read (503).
"""

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request

from notifier.model import ids
from notifier.model.messages import Message
from notifier.store.views import (
    DeliveryDetail,
    DeliveryFilter,
    DeliveryView,
    EventDetail,
    EventFilter,
    Page,
    RawCall,
    Slice,
    UnmappedDetail,
)
from notifier.web import cursors, problems, shapes
from notifier.web.answers import Answer, json_answer
from notifier.web.parameters import Parameters

EVENT_PARAMETERS = (
    "source",
    "type",
    "ticket",
    "status",
    "since",
    "until",
    "limit",
    "cursor",
)
DELIVERY_PARAMETERS = (
    "state",
    "recipient",
    "channel",
    "ticket",
    "source",
    "since",
    "until",
    "limit",
    "cursor",
)


class History(Protocol):
    """The reading verbs of the store."""

    async def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        """List events and unmapped calls, newest first."""
        ...

    async def raw_call(self, event_id: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        """Give an unmapped call."""
        ...

    async def event(self, event_id: int) -> EventDetail | None:
        """Give one event."""
        ...

    async def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        ...

    async def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        """Give one delivery with its attempts."""
        ...


Preview = Callable[[DeliveryDetail], Message | None]


class Api:
    """The endpoints under /v1."""

    def __init__(self, history: History, preview: Preview) -> None:
        """`preview` renders the message of a delivery, or gives None when it cannot."""
        self._history = history
        self._preview = preview

    async def events(self, request: Request) -> Answer:
        """GET /v1/events."""
        asked = Parameters(request.query_params.multi_items(), EVENT_PARAMETERS)
        wanted = EventFilter(
            source=asked.text("source"),
            type=asked.text("type"),
            ticket=asked.text("ticket"),
            status=asked.status("status"),
            since=asked.instant("since"),
            until=asked.instant("until"),
        )
        part = asked.part("events")
        if asked.faults:
            return problems.bad_parameters(asked.faults)
        page = await self._history.events(wanted, part)
        items = [shapes.event(item) for item in page.items]
        return json_answer(200, cursors.page("events", items, page.next_before))

    async def deliveries(self, request: Request) -> Answer:
        """GET /v1/deliveries."""
        asked = Parameters(request.query_params.multi_items(), DELIVERY_PARAMETERS)
        wanted = DeliveryFilter(
            states=asked.states("state"),
            recipient=asked.text("recipient"),
            channel=asked.text("channel"),
            ticket=asked.text("ticket"),
            source=asked.text("source"),
            since=asked.instant("since"),
            until=asked.instant("until"),
        )
        part = asked.part("deliveries")
        if asked.faults:
            return problems.bad_parameters(asked.faults)
        page = await self._history.deliveries(wanted, part)
        items = [shapes.delivery(item) for item in page.items]
        return json_answer(200, cursors.page("deliveries", items, page.next_before))

    async def event(self, request: Request) -> Answer:
        """GET /v1/events/{id}."""
        number = number_in("evt", request)
        return problems.not_found() if number is None else await self._event(number)

    async def _event(self, number: int) -> Answer:
        detail: EventDetail | UnmappedDetail | None = await self._history.event(number)
        if detail is None and (kept := await self._history.raw_call(number)) is not None:
            detail, _ = kept
        return problems.not_found() if detail is None else json_answer(200, shapes.event(detail))

    async def delivery(self, request: Request) -> Answer:
        """GET /v1/deliveries/{id}."""
        number = number_in("dlv", request)
        return problems.not_found() if number is None else await self.shown(number, 200)

    async def shown(self, delivery_id: int, status: int) -> Answer:
        """Give one delivery, as it is now, under this status."""
        detail = await self._history.delivery(delivery_id)
        if detail is None:
            return problems.not_found()
        return json_answer(status, shapes.delivery_detail(detail, self._preview(detail)))


def number_in(kind: ids.Kind, request: Request) -> int | None:
    """Give the id in the path of a call, or None when it is not one of that kind."""
    try:
        return ids.private(kind, request.path_params["id"])
    except ValueError:
        return None
