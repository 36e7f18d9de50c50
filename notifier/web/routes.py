"""Every URL on one screen.

Takes the endpoints, gives the application. Refuses unknown paths (404) and methods (405).
"""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.model.errors import StoreError
from notifier.web import document
from notifier.web.answers import file_answer
from notifier.web.api import Api
from notifier.web.auth import Bearer, Endpoint
from notifier.web.health import Health
from notifier.web.operations import Operations
from notifier.web.problems import LastResort, of_exception
from notifier.web.webhooks import PATH, Webhooks


@dataclass(frozen=True, slots=True)
class Guarded:
    """The endpoints under /v1, which ask for a token."""

    api: Api
    operations: Operations


def routes(webhooks: Webhooks, v1: Guarded, health: Health, bearer: Bearer) -> list[BaseRoute]:
    """Put every endpoint under its address."""
    api, operations = v1.api, v1.operations
    openapi = file_answer(b"application/yaml", document.content())
    return [
        Route(PATH, webhooks, methods=["POST"]),
        Route(f"{PATH}/{{source}}", webhooks, methods=["POST"]),
        Route("/v1/events", bearer.protects(api.events)),
        Route("/v1/events/{id}", bearer.protects(api.event)),
        Route("/v1/deliveries", bearer.protects(api.deliveries)),
        Route("/v1/deliveries/{id}", bearer.protects(api.delivery)),
        _post("/v1/deliveries/{id}/retry", bearer.protects(operations.retry)),
        _post("/v1/deliveries/{id}/cancel", bearer.protects(operations.cancel)),
        _post("/v1/test", bearer.protects(operations.test)),
        _post("/v1/preview", bearer.protects(operations.preview)),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/openapi.yaml", openapi, methods=["GET"]),
    ]


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["POST"])


class Web:
    """The application: the door directly, everything else through Starlette.

    Starlette's layers would cost each webhook as much as everything the door does itself.
    """

    def __init__(self, door: ASGIApp, rest: ASGIApp) -> None:
        """`rest` knows the door's addresses too, and refuses other methods there."""
        self._door = door
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            if path == PATH or path.startswith(f"{PATH}/"):
                await self._door(scope, receive, send)
                return
        await self._rest(scope, receive, send)


def build(webhooks: Webhooks, v1: Guarded, health: Health, bearer: Bearer) -> Web:
    """Give the application with all its routes and its last resort."""
    rest = Starlette(
        routes=routes(webhooks, v1, health, bearer),
        middleware=[Middleware(LastResort)],
        exception_handlers={HTTPException: of_exception, StoreError: of_exception},
    )
    # A redirect to the other spelling of a path would be built from the Host header.
    rest.router.redirect_slashes = False
    return Web(LastResort(webhooks), rest)
