"""What operators ask for: send it after all, do not send it, send a test, show a draft.

Takes authorised POST calls, gives what came of them. Refuses bodies that are not as documented,
ids that lead to nothing (404) and deliveries in another state (409), and says so when nothing
can be committed (429, 503).
"""

import itertools
from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import ClientDisconnect, Request

from notifier.model.errors import Fault, WebhookError, WrongShape
from notifier.model.messages import Message
from notifier.sources import json_body
from notifier.sources.call import Call
from notifier.store.base import Operated
from notifier.store.views import DeliveryView
from notifier.web import body, problems, shapes
from notifier.web.answers import Answer, json_answer
from notifier.web.api import Api, number_in

_MOST_TOLD = 20
_LONGEST_TOLD = 100

TEST_FIELDS = ("channel", "to")
PREVIEW_FIELDS = ("event", "channel")


class Operator(Protocol):
    """What carries operators' wishes out; each raises StoreError when nothing was done."""

    async def retry(self, delivery_id: int) -> Operated | None:
        """Let an ended delivery be sent after all; None when there is none with this id."""
        ...

    async def cancel(self, delivery_id: int) -> Operated | None:
        """Withdraw a delivery; None when there is none with this id."""
        ...

    async def test(self, channel: str, to: str) -> DeliveryView:
        """Record a test message, and give its delivery; raises WrongShape too."""
        ...


Drafts = Callable[[str, object], Message]
"""Renders the body of a native event for a channel; raises WrongShape."""


class Operations:
    """The endpoints under /v1 that do something."""

    def __init__(
        self,
        operator: Operator,
        drafts: Drafts,
        api: Api,
        max_body: int,
        public_base_url: str | None,
    ) -> None:
        """`api` shows what became of a delivery; `public_base_url` is the only base of links."""
        self._operator = operator
        self._drafts = drafts
        self._api = api
        self._max_body = max_body
        self._base = (public_base_url or "").rstrip("/")

    async def retry(self, request: Request) -> Answer:
        """POST /v1/deliveries/{id}/retry."""
        return await self._move(self._operator.retry, request)

    async def cancel(self, request: Request) -> Answer:
        """POST /v1/deliveries/{id}/cancel."""
        return await self._move(self._operator.cancel, request)

    async def test(self, request: Request) -> Answer:
        """POST /v1/test."""
        try:
            channel, to = _texts(await self._fields(request, TEST_FIELDS), TEST_FIELDS)
            delivery = await self._operator.test(channel, to)
        except WebhookError as error:
            return problems.of_webhook(error, "a test message")
        except ClientDisconnect:
            return problems.unheard()
        return json_answer(202, shapes.test(delivery, self._base))

    async def preview(self, request: Request) -> Answer:
        """POST /v1/preview."""
        try:
            given = await self._fields(request, PREVIEW_FIELDS)
            (channel,) = _texts(given, ("channel",))
            message = self._drafts(channel, given["event"])
        except WebhookError as error:
            return problems.of_webhook(error, "an event and a channel")
        except ClientDisconnect:
            return problems.unheard()
        return json_answer(200, shapes.message(channel, message))

    async def _move(
        self, move: Callable[[int], Awaitable[Operated | None]], request: Request
    ) -> Answer:
        number = number_in("dlv", request)
        done = None if number is None else await move(number)
        if number is None or done is None:
            return problems.not_found()
        if done.refusal is not None:
            return problems.wrong_state(done.found, done.refusal)
        return await self._api.shown(number, 202)

    async def _fields(self, request: Request, names: tuple[str, ...]) -> dict[str, object]:
        headers = tuple(request.scope["headers"])
        content = await body.read(headers, request.receive, self._max_body)
        value = json_body.read(Call(headers, content))
        if not isinstance(value, dict):
            raise WrongShape([Fault("", f"the body must be an object with {' and '.join(names)}")])
        # An answer must not grow with what it refuses.
        unknown = itertools.islice((name for name in value if name not in names), _MOST_TOLD)
        faults = [
            Fault(str(name)[:_LONGEST_TOLD], "is not a field of this call") for name in unknown
        ]
        faults += [Fault(name, "is required") for name in names if value.get(name) is None]
        if faults:
            raise WrongShape(faults)
        return value


def _texts(given: dict[str, object], names: tuple[str, ...]) -> list[str]:
    texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
    faults = [Fault(name, "must be text that is not empty") for name in names if name not in texts]
    if faults:
        raise WrongShape(faults)
    return [texts[name] for name in names]
