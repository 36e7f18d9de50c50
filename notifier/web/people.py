"""The directory of people over HTTP: read, written one by one or as a table, erased.

Takes authorised calls, gives people as JSON. Refuses bodies that are not as documented (422),
ids that lead to nothing (404), keys that are somebody else's (409), and says so when nothing
can be committed (429, 503).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from starlette.requests import ClientDisconnect, Request

from notifier.model import ids, times
from notifier.model.errors import Fault, UnsupportedMedia, WebhookError, WrongShape
from notifier.model.people import Key, Person, PersonFilter, Written
from notifier.model.values import value
from notifier.sources import json_body
from notifier.sources.call import Call
from notifier.store.views import Page, Slice
from notifier.web import body, cursors, problems
from notifier.web.answers import Answer, json_answer
from notifier.web.parameters import Parameters
from notifier.web.shapes import Shape

PARAMETERS = ("email", "source", "id", "login", "q", "limit", "cursor")
IMPORT_PARAMETERS = ("dry_run",)
LARGEST_TABLE = 5 * 1024 * 1024

_CSV = b"text/csv"
_OWN = "per_"
_LONGEST_WHO = 128
_IN_A_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-")
_NOBODY = (".", "..")
_MOST_ERRORS = 1000


class RowFault(Protocol):
    """What is wrong in a row of a table."""

    row: int
    column: str | None
    message: str


class Imported(Protocol):
    """What came of a table."""

    created: int
    updated: int
    unchanged: int
    failed: int

    @property
    def errors(self) -> tuple[RowFault, ...]:
        """Give what is wrong, by row."""
        ...


class Directory(Protocol):
    """What keeps the people; each raises StoreError when nothing was done."""

    async def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        """List people, newest first."""
        ...

    async def person(self, who: str | int) -> Person | None:
        """Give one person."""
        ...

    async def put(self, who: str | int, body: Mapping[str, Any], *, whole: bool) -> Written:
        """Write one person; raises WrongShape too."""
        ...

    async def load(self, table: str, *, dry: bool) -> Any:
        """Write a table, and give what came of it as Imported; raises WrongShape too."""
        ...

    async def erase(self, who: str | int) -> bool:
        """Erase a person; False when there is none."""
        ...


class People:
    """The endpoints under /v1/people."""

    def __init__(self, directory: Directory, max_body: int) -> None:
        """`max_body` bounds one person; a table has a bound of its own."""
        self._directory = directory
        self._max_body = max_body

    async def list(self, request: Request) -> Answer:
        """GET /v1/people."""
        asked = Parameters(request.query_params.multi_items(), PARAMETERS)
        wanted = PersonFilter(
            email=asked.text("email"),
            source=asked.text("source"),
            id=asked.text("id"),
            login=asked.text("login"),
            prefix=asked.text("q"),
        )
        part = asked.part("people")
        if asked.faults:
            return problems.bad_parameters(asked.faults)
        page = await self._directory.people(wanted, part)
        items = [shape(one) for one in page.items]
        return json_answer(200, cursors.page("people", items, page.next_before))

    async def show(self, request: Request) -> Answer:
        """GET /v1/people/{id}."""
        who = who_in(request)
        return problems.not_found() if who is None else await self._shown(who, 200)

    async def put(self, request: Request) -> Answer:
        """PUT /v1/people/{id}."""
        return await self._write(request, whole=True)

    async def patch(self, request: Request) -> Answer:
        """PATCH /v1/people/{id}."""
        return await self._write(request, whole=False)

    async def erase(self, request: Request) -> Answer:
        """DELETE /v1/people/{id}."""
        who = who_in(request)
        if who is None or not await self._directory.erase(who):
            return problems.not_found()
        return json_answer(200, {"erased": True})

    async def load(self, request: Request) -> Answer:
        """POST /v1/people/import."""
        asked = Parameters(request.query_params.multi_items(), IMPORT_PARAMETERS)
        dry = asked.flag("dry_run")
        if asked.faults:
            return problems.bad_parameters(asked.faults)
        return await _heard(lambda: self._load(request, dry=dry), "a table of people")

    async def _load(self, request: Request, *, dry: bool) -> Answer:
        try:
            done = await self._directory.load(await _table(request), dry=dry)
        except WrongShape as error:
            return problems.no_table(error.faults)
        errors = [_error(fault) for fault in done.errors[:_MOST_ERRORS]]
        counts = {name: getattr(done, name) for name in ("created", "updated", "unchanged")}
        return json_answer(200, {**counts, "failed": done.failed, "errors": errors})

    async def _write(self, request: Request, *, whole: bool) -> Answer:
        who = who_in(request)
        if who is None:
            return problems.not_found()
        return await _heard(lambda: self._enter(request, who, whole=whole), "a person")

    async def _enter(self, request: Request, who: str | int, *, whole: bool) -> Answer:
        headers = tuple(request.scope["headers"])
        content = await body.read(headers, request.receive, self._max_body)
        given = json_body.read(Call(headers, content))
        if not isinstance(given, dict):
            raise WrongShape([Fault("", "the body must be an object")])
        written = await self._directory.put(who, given, whole=whole)
        if written.outcome == "missing":
            return problems.not_found()
        if written.fault is not None:
            return problems.taken(written.fault)
        return await self._shown(who, 201 if written.outcome == "created" else 200)

    async def _shown(self, who: str | int, status: int) -> Answer:
        person = await self._directory.person(who)
        return problems.not_found() if person is None else json_answer(status, shape(person))


async def _heard(work: Callable[[], Awaitable[Answer]], wanted: str) -> Answer:
    try:
        return await work()
    except WebhookError as error:
        return problems.of_webhook(error, wanted)
    except ClientDisconnect:
        return problems.unheard()


async def _table(request: Request) -> str:
    headers = tuple(request.scope["headers"])
    call = Call(headers, await body.read(headers, request.receive, LARGEST_TABLE))
    for given in call.header("content-type"):
        if given.split(b";", 1)[0].strip().lower() != _CSV:
            raise UnsupportedMedia("The content type must be text/csv.")
    for given in call.header("content-encoding"):
        if given.strip().lower() != b"identity":
            raise UnsupportedMedia("The body must not be compressed (Content-Encoding).")
    try:
        return call.body.decode()
    except UnicodeDecodeError as error:
        raise WrongShape(
            [Fault("", f"not UTF-8 at byte {error.start}: save it as CSV UTF-8")]
        ) from None


def who_in(request: Request) -> str | int | None:
    """Give whom the path of a call names, or None when it can be nobody."""
    text: str = request.path_params["id"]
    if text.startswith(_OWN):
        try:
            return ids.private("per", text)
        except ValueError:
            return None
    if text in _NOBODY or not 1 <= len(text) <= _LONGEST_WHO or not _IN_A_NAME.issuperset(text):
        return None
    return text


def shape(person: Person) -> Shape:
    """Give a person as the API has them."""
    known, card = person.known, person.known.card
    return {
        "id": known.ref or ids.public("per", known.id),
        "name": card.name,
        "emails": card.emails,
        "phones": card.phones,
        "locale": card.locale,
        "time_zone": card.time_zone,
        "sources": _sources(known.keys),
        "created_at": times.to_text(person.created_at),
        "updated_at": times.to_text(person.updated_at),
    }


@value
class _Pair:
    ids: list[str]
    logins: list[str]


def _sources(keys: frozenset[Key]) -> list[Shape]:
    """Give ids and logins by source; the first id stands beside the first login, and so on."""
    of: dict[str, _Pair] = {}
    for kind, source, text in sorted(keys):
        if kind in ("id", "login"):
            pair = of.setdefault(source, _Pair([], []))
            (pair.ids if kind == "id" else pair.logins).append(text)
    return [
        {"source": source, "id": _at(pair.ids, place), "login": _at(pair.logins, place)}
        for source, pair in sorted(of.items())
        for place in range(max(len(pair.ids), len(pair.logins)))
    ]


def _at(texts: list[str], place: int) -> str | None:
    return texts[place] if place < len(texts) else None


def _error(fault: RowFault) -> Shape:
    return {"row": fault.row, "column": fault.column, "message": fault.message}
