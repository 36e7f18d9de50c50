"""Calls to /v1: of the running service, or of the same application on a store opened here.

Takes settings, gives the answers as documents. Refuses (CallFailed) an answer that is an error
and no answer at all, each with what to do about it.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from notifier.app.secret_places import Places
from notifier.cli import options, place
from notifier.cli.output import Document
from notifier.model.errors import CallFailed
from notifier.settings.settings import Settings

Query = Mapping[str, str | Sequence[str] | None]
T = TypeVar("T")

_TIMEOUT = 30.0
_NOT_FOUND = 404
_IN_HERE = "http://offline"

_PROBLEM = frozenset({"title", "detail", "code"})
_READINESS = frozenset({"status", "reasons"})

_WHAT_TO_DO = {
    401: (
        f"the token is not one of the service's API_TOKENS: set {place.TOKEN}, or run this where "
        "the service's settings are"
    ),
    405: "the service is of another version than this command",
    429: "it has too much to do; try again in a moment",
    503: "its log says why; notifier store check looks at the file",
}


class Client:
    """One place to ask; `offline` tells that it is the store itself."""

    def __init__(self, http: httpx2.AsyncClient, *, offline: bool) -> None:
        """`http` knows the base address and the token."""
        self._http = http
        self.offline = offline

    async def get(self, path: str, query: Query | None = None) -> Document:
        """Read; what is None in the query is left out."""
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        return await self._call("GET", path, params=asked)

    async def find(self, path: str) -> Document | None:
        """Read what may not be there: None when it is not."""
        try:
            return await self.get(path)
        except CallFailed as error:
            if is_absent(error):
                return None
            raise

    async def post(self, path: str, body: Document | None = None) -> Document:
        """Change something."""
        return await self._call("POST", path, json=body)

    async def send(self, method: str, path: str, **sent: Any) -> Document:
        """Change something by any method; `sent` is what httpx2 takes, such as `json`."""
        return await self._call(method, path, **sent)

    async def readiness(self) -> Document:
        """Give how the service is, whether or not it can take webhooks."""
        answer = await self._request("GET", "/health/ready")
        return self._document(answer, known=_READINESS)

    async def _call(self, method: str, path: str, **sent: Any) -> Document:
        answer = await self._request(method, path, **sent)
        if answer.is_success:
            return self._document(answer)
        problem = self._document(answer, known=_PROBLEM)
        raise CallFailed(_said(answer.status_code, problem), problem)

    async def _request(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        try:
            return await self._http.request(method, path, **sent)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise CallFailed(
                f"no answer from {self._http.base_url}: {error or type(error).__name__}; is it "
                "running? Start it with notifier serve, or set NOTIFIER_URL to where it is; "
                "--offline, where a command has it, reads the store itself"
            ) from error

    def _document(self, answer: httpx2.Response, known: frozenset[str] = frozenset()) -> Document:
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict) or not known <= found.keys():
            raise CallFailed(
                f"what answers at {self._http.base_url} is not the notifier: HTTP "
                f"{answer.status_code} for {answer.request.url.path}"
            )
        return found


def is_absent(error: CallFailed) -> bool:
    """Tell whether the service answered that there is nothing under this address."""
    return error.problem is not None and error.problem.get("status") == _NOT_FOUND


async def found(call: Awaitable[Document], absent: str) -> Document:
    """Await one document; where there is none raise CallFailed with the sentence `absent`."""
    try:
        return await call
    except CallFailed as error:
        if not is_absent(error):
            raise
        raise CallFailed(absent, error.problem) from error


async def of_source(client: Client, name: str, what: str = "") -> Document:
    """Give a source, or `what` of it; raises CallFailed when nobody has that name."""
    absent = f"there is no source {name}; notifier sources list shows them"
    return await found(client.get(f"/v1/sources/{quote(name, safe='')}{what}"), absent)


def _said(status: int, problem: Document) -> str:
    lines = [f"{problem['title']}: {problem['detail']}"]
    lines += [
        f"{fault['path']}: {fault['message']}" if fault["path"] else fault["message"]
        for fault in problem.get("errors") or ()
    ]
    if status in _WHAT_TO_DO:
        lines.append(_WHAT_TO_DO[status])
    return "\n".join(lines)


def ask(env_file: Path | None, offline: bool, work: Callable[[Client], Awaitable[T]]) -> T:
    """Do some work with a client; returns what it returns."""
    places = options.places(env_file) if offline else None
    return asyncio.run(_ask(options.settings(env_file), places, work))


async def _ask(
    settings: Settings, places: Places | None, work: Callable[[Client], Awaitable[T]]
) -> T:
    async with connected(settings, places) as client:
        return await work(client)


@contextlib.asynccontextmanager
async def connected(settings: Settings, places: Places | None = None) -> AsyncIterator[Client]:
    """Give a client of the running service, or with `places` one on the store itself."""
    async with contextlib.AsyncExitStack() as stack:
        transport: httpx2.AsyncBaseTransport
        if places is not None:
            # The whole service, which takes as long to import as all the rest.
            opening = importlib.import_module("notifier.app.opening")
            asgi, token = await stack.enter_async_context(opening.offline(settings, places))
            base, transport = _IN_HERE, httpx2.ASGITransport(asgi)
        else:
            base, token = options.url(settings), place.token(settings.tokens)
            transport = httpx2.AsyncHTTPTransport()
        http = httpx2.AsyncClient(
            base_url=base,
            headers={"authorization": f"Bearer {token}"},
            transport=transport,
            timeout=_TIMEOUT,
            trust_env=False,
        )
        yield Client(await stack.enter_async_context(http), offline=places is not None)
