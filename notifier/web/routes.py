"""Every URL on one screen.

Takes the endpoints, gives the application. Refuses unknown paths (404) and methods (405).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.model.errors import StoreError
from notifier.web import document, request_ids
from notifier.web.answers import CAUSE, file_answer
from notifier.web.api import Api
from notifier.web.auth import Bearer, Endpoint
from notifier.web.docs import Docs
from notifier.web.health import Health
from notifier.web.metrics import Metrics
from notifier.web.operations import Operations
from notifier.web.people import People
from notifier.web.problems import LastResort, of_exception
from notifier.web.recent import Calls
from notifier.web.replays import Replays
from notifier.web.sources import Sources
from notifier.web.webhooks import PATH, Webhooks

DOOR_METHODS = ("POST", "PUT", "PATCH", "GET", "OPTIONS")
"""What a source may take; each answers 405 to those that it does not."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """The endpoints under /v1, which ask for a token."""

    api: Api
    operations: Operations
    people: People
    sources: Sources
    replays: Replays
    calls: Calls


def routes(
    webhooks: Webhooks, v1: Guarded, health: Health, bearer: Bearer, metrics: Metrics
) -> list[BaseRoute]:
    """Put every endpoint under its address."""
    api, operations, sources, people = v1.api, v1.operations, v1.sources, v1.people
    openapi = file_answer(b"application/yaml", document.content())
    docs = Docs()
    return [
        Route(PATH, webhooks, methods=["POST"]),
        Route(f"{PATH}/{{source}}", webhooks, methods=DOOR_METHODS),
        Route(f"{PATH}/{{source}}/{{tail}}", webhooks, methods=DOOR_METHODS),
        Route("/v1/events", bearer.protects(api.events)),
        Route("/v1/events/{id}", bearer.protects(api.event)),
        _post("/v1/events/{id}/replay", bearer.protects(v1.replays.replay)),
        Route("/v1/sources/{name}/calls", bearer.protects(v1.calls.show)),
        Route("/v1/deliveries", bearer.protects(api.deliveries)),
        Route("/v1/deliveries/{id}", bearer.protects(api.delivery)),
        _post("/v1/deliveries/{id}/retry", bearer.protects(operations.retry)),
        _post("/v1/deliveries/{id}/cancel", bearer.protects(operations.cancel)),
        _post("/v1/test", bearer.protects(operations.test)),
        _post("/v1/preview", bearer.protects(operations.preview)),
        Route("/v1/people", bearer.protects(people.list)),
        _post("/v1/people/import", bearer.protects(people.load)),
        _person(
            bearer.by_method(
                GET=people.show, PUT=people.put, PATCH=people.patch, DELETE=people.erase
            ),
        ),
        Route("/v1/sources", bearer.protects(sources.list)),
        Route("/v1/sources/{name}", bearer.protects(sources.show)),
        _post("/v1/reload", bearer.protects(sources.reload)),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
        Route("/metrics", metrics.show),
        Route("/openapi.yaml", openapi, methods=["GET"]),
        Route("/docs", docs.page),
        Route("/docs/{file}", docs.file),
    ]


def _post(path: str, endpoint: Endpoint) -> Route:
    return Route(path, endpoint, methods=["POST"])


def _person(endpoint: Endpoint) -> Route:
    route = Route("/v1/people/{id}", endpoint, methods=["GET", "PUT", "PATCH", "DELETE"])
    # Else the address of the import would be that of somebody called so, for other methods.
    route.path_regex = re.compile("^/v1/people/(?P<id>(?!import$)[^/]+)$")
    return route


class Web:
    """The application: the door directly, everything else through Starlette.

    Starlette's layers would cost each webhook as much as everything the door does itself, and
    could not know which methods a source has.
    """

    def __init__(self, door: ASGIApp, rest: ASGIApp, refused: Callable[[str], None]) -> None:
        """`rest` knows the door's addresses too; `refused` learns the code of every error."""
        self._door = door
        self._rest = rest
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give a call its id, pass it on, and count it when it was refused."""
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        request_ids.begin(scope["headers"])
        app = self._door if self._is_for_the_door(scope) else self._rest
        await app(scope, receive, send)
        cause = scope.get(CAUSE)
        if cause is not None:
            self._refused(cause)

    def _is_for_the_door(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path == PATH or path.startswith(f"{PATH}/")


def build(webhooks: Webhooks, v1: Guarded, health: Health, bearer: Bearer, metrics: Metrics) -> Web:
    """Give the application with all its routes and its last resort."""
    rest = Starlette(
        routes=routes(webhooks, v1, health, bearer, metrics),
        middleware=[Middleware(LastResort)],
        exception_handlers={HTTPException: of_exception, StoreError: of_exception},
    )
    # A redirect to the other spelling of a path would be built from the Host header.
    rest.router.redirect_slashes = False
    return Web(LastResort(webhooks), rest, metrics.refused)
