"""The door: POST /webhooks and /webhooks/{source}.

Takes one HTTP call, gives the recorded event after its commit. Refuses, in this order, an
unknown source, a body over the limit, and whatever intake and store refuse.
"""

import logging
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from notifier.model.errors import NotifierError, StoreError, WebhookError
from notifier.sources.call import Call
from notifier.store.base import Recorded
from notifier.web import body, problems, shapes
from notifier.web.answers import Answer, json_answer

log = logging.getLogger(__name__)

PATH = "/webhooks"
DEFAULT_SOURCE = "default"
LONGEST_CAUSE = 500
LONGEST_SOURCE = 64


class Intake(Protocol):
    """What verifies, reads, plans and records a call."""

    def success_status(self, source: str) -> int:
        """Give the HTTP status of an accepted call; raises UnknownSource."""
        ...

    async def receive(self, source: str, call: Call) -> Recorded:
        """Record a call; raises WebhookError, StoreBusy or StoreFailed."""
        ...


class Webhooks:
    """An ASGI application without request and response helpers: the one hot path."""

    def __init__(self, intake: Intake, max_body: int, public_base_url: str | None) -> None:
        """`public_base_url` is the only base of links; without it they are paths."""
        self._intake = intake
        self._max_body = max_body
        self._base = (public_base_url or "").rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; a caller who left while sending gets no answer."""
        path: str = scope["path"]
        source = DEFAULT_SOURCE if path == PATH else path.removeprefix(f"{PATH}/")
        try:
            answer = await self._take(source, scope, receive)
        except ClientDisconnect:
            return
        except WebhookError as error:
            answer = problems.of_webhook(error)
            _log_refusal(source, answer, error)
        except StoreError as error:
            answer = problems.of_store(error)
            _log_refusal(source, answer, error)
        await answer(scope, receive, send)

    async def _take(self, source: str, scope: Scope, receive: Receive) -> Answer:
        success = self._intake.success_status(source)
        content = await body.read(scope["headers"], receive, self._max_body)
        recorded = await self._intake.receive(source, Call(tuple(scope["headers"]), content))
        if recorded.status == "conflict":
            return problems.conflict()
        status = 200 if recorded.status == "duplicate" else success
        return json_answer(status, shapes.recorded(recorded, self._base))


def _log_refusal(source: str, answer: Answer, error: NotifierError) -> None:
    log.warning(
        "webhook refused",
        extra={
            "action": "webhook.refused",
            "source": source[:LONGEST_SOURCE],
            "status": answer.status,
            "error": type(error).__name__,
            "cause": str(error)[:LONGEST_CAUSE],
        },
    )
