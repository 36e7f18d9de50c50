"""The directory of people over HTTP, before a directory in memory."""

from dataclasses import dataclass

import pytest
from starlette.requests import Request

from notifier.model import ids
from notifier.model.errors import Fault, StoreBusy, WrongShape
from notifier.model.people import Card, Known, Person, PersonFilter, Written
from notifier.store.views import Slice
from notifier.web import cursors
from notifier.web.people import LARGEST_TABLE, who_in
from tests.unit.web.stubs import AUTHORIZED, MAX_BODY, NINE, Parts, StubDirectory, client

ANA = Person(
    Known(
        5,
        "ana",
        Card("Ana Silva", ("ana@example.com",)),
        Card("Ana S.", (), ("+14155550123",), "pt", "Europe/Lisbon"),
        frozenset(
            {
                ("id", "zammad", "4711"),
                ("id", "zammad", "4712"),
                ("login", "zammad", "asilva"),
                ("login", "jira", "ana"),
                ("email", "", "ana@example.com"),
            }
        ),
    ),
    NINE,
    NINE + 1,
)
MET = Person(Known(7, None, Card(), Card(), frozenset()), NINE, NINE)
SHOWN = {
    "id": "ana",
    "name": "Ana Silva",
    "emails": ["ana@example.com"],
    "phones": ["+14155550123"],
    "locale": "pt",
    "time_zone": "Europe/Lisbon",
    "sources": [
        {"source": "jira", "id": None, "login": "ana"},
        {"source": "zammad", "id": "4711", "login": "asilva"},
        {"source": "zammad", "id": "4712", "login": None},
    ],
    "created_at": "2026-11-23T09:00:00.000Z",
    "updated_at": "2026-11-23T09:00:00.001Z",
}
PER = ids.public("per", 7)


@dataclass
class RowFault:
    row: int
    column: str | None
    message: str


@dataclass
class Imported:
    created: int
    updated: int
    unchanged: int
    failed: int
    errors: tuple[RowFault, ...]


def parts(**given: object) -> Parts:
    return Parts(directory=StubDirectory((ANA, MET), **given))  # type: ignore[arg-type]


async def test_people_are_shown_by_their_own_id_or_by_ours() -> None:
    async with client(parts(), AUTHORIZED) as speaking:
        assert (await speaking.get("/v1/people/ana")).json() == SHOWN
        met = (await speaking.get(f"/v1/people/{PER}")).json()
        assert (met["id"], met["name"], met["emails"], met["sources"]) == (PER, None, [], [])
        head = await speaking.head("/v1/people/ana")
        assert (head.status_code, head.content) == (200, b"")
        for nobody in ("bob", "per_x", "a%20b", "x" * 129, "per_0000000000001"):
            assert (await speaking.get(f"/v1/people/{nobody}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "told"), [(".", None), ("..", None), ("...", "..."), ("a.", "a.")]
)
def test_nobody_is_called_what_clients_take_out_of_an_address(name: str, told: str | None) -> None:
    assert who_in(Request({"type": "http", "path_params": {"id": name}})) == told


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/people"),
        ("GET", "/v1/people/ana"),
        ("PUT", "/v1/people/ana"),
        ("PATCH", "/v1/people/ana"),
        ("DELETE", "/v1/people/ana"),
        ("POST", "/v1/people/import"),
    ],
)
async def test_nobody_is_let_in_without_a_token(method: str, path: str) -> None:
    held = parts()
    async with client(held) as speaking:
        assert (await speaking.request(method, path)).status_code == 401
    assert held.directory.asked == []


async def test_the_list_is_asked_for_what_was_wanted() -> None:
    held = parts()
    query = {"email": "a@example.com", "source": "zammad", "id": "1", "login": "a", "q": "An"}
    async with client(held, AUTHORIZED) as speaking:
        first = await speaking.get("/v1/people", params={**query, "limit": "1"})
        cursor = first.json()["next_cursor"]
        rest = await speaking.get("/v1/people", params={"cursor": cursor})
    assert [one["id"] for one in first.json()["items"]] == ["ana"]
    assert rest.json()["next_cursor"] is None
    assert cursors.read("people", cursor) == 5
    assert held.directory.asked == [
        ("people", PersonFilter("a@example.com", "zammad", "1", "a", "An"), Slice(1)),
        ("people", PersonFilter(), Slice(50, 5)),
    ]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"name": "a"}, "name"),
        ({"q": ""}, "q"),
    ],
)
async def test_a_wrong_query_is_refused(query: dict[str, str], path: str) -> None:
    async with client(parts(), AUTHORIZED) as speaking:
        answer = await speaking.get("/v1/people", params=query)
    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["errors"]] == [path]


async def test_a_person_is_put_whole_or_in_part() -> None:
    held = parts(written=Written("created"))
    async with client(held, AUTHORIZED) as speaking:
        made = await speaking.put("/v1/people/ana", json={"name": "Ana"})
        held.directory.written = Written("unchanged")
        same = await speaking.patch(f"/v1/people/{PER}", json={})
    assert (made.status_code, made.json()) == (201, SHOWN)
    assert (same.status_code, same.json()["id"]) == (200, PER)
    assert held.directory.asked == [
        ("put", "ana", {"name": "Ana"}, True),
        ("put", 7, {}, False),
    ]


async def test_what_is_no_person_is_refused() -> None:
    held = parts(written=WrongShape([Fault("name", "must be text")]))
    async with client(held, AUTHORIZED) as speaking:
        wrong = await speaking.put("/v1/people/ana", json={"name": 1})
        listed = await speaking.put("/v1/people/ana", json=[])
        broken = await speaking.put("/v1/people/ana", content=b"{")
        typed = await speaking.put(
            "/v1/people/ana", content=b"{}", headers={"content-type": "text/plain"}
        )
        large = await speaking.put("/v1/people/ana", content=b" " * (MAX_BODY + 1))
        nobody = await speaking.put("/v1/people/a%20b", json={})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "The JSON is not a person.")
    assert [one.status_code for one in (listed, broken, typed, large, nobody)] == [
        422,
        400,
        415,
        413,
        404,
    ]


async def test_what_leads_to_somebody_else_is_a_conflict_that_names_them() -> None:
    held = parts(written=Written("taken", "id zammad:4711 is already bob's"))
    async with client(held, AUTHORIZED) as speaking:
        answer = await speaking.put("/v1/people/ana", json={})
        held.directory.written = Written("missing")
        missing = await speaking.put(f"/v1/people/{PER}", json={})
        held.directory.written = StoreBusy()
        busy = await speaking.put("/v1/people/ana", json={})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "taken")
    assert problem["detail"] == "Id zammad:4711 is already bob's."
    assert (missing.status_code, busy.status_code) == (404, 429)


async def test_a_person_is_erased_once() -> None:
    held = parts()
    async with client(held, AUTHORIZED) as speaking:
        gone = await speaking.delete("/v1/people/ana")
        assert (gone.status_code, gone.json()) == (200, {"erased": True})
        assert (await speaking.delete("/v1/people/bob")).status_code == 404
        assert (await speaking.delete("/v1/people/a%20b")).status_code == 404


async def test_a_table_is_imported_and_its_errors_are_listed() -> None:
    done = Imported(1, 2, 3, 1, (RowFault(3, "email", "wrong"), RowFault(4, None, "short")))
    held = parts(imported=done)
    headers = {"content-type": "text/csv; charset=utf-8", "content-encoding": "identity"}
    async with client(held, AUTHORIZED) as speaking:
        answer = await speaking.post(
            "/v1/people/import?dry_run=true", content="id\nåna\n".encode(), headers=headers
        )
        await speaking.post("/v1/people/import?dry_run=false", content=b"id\n")
        await speaking.post("/v1/people/import", content=b"id\n")
    assert answer.json() == {
        "created": 1,
        "updated": 2,
        "unchanged": 3,
        "failed": 1,
        "errors": [
            {"row": 3, "column": "email", "message": "wrong"},
            {"row": 4, "column": None, "message": "short"},
        ],
    }
    assert held.directory.asked == [
        ("load", "id\nåna\n", True),
        ("load", "id\n", False),
        ("load", "id\n", False),
    ]


async def test_what_is_no_table_is_refused() -> None:
    held = parts(imported=WrongShape([Fault("id", "must be one")]))
    at = "/v1/people/import"
    csv, zipped = {"content-type": "text/csv"}, {"content-encoding": "gzip"}
    async with client(held, AUTHORIZED) as speaking:
        wrong = await speaking.post(at, content=b"x", headers=csv)
        binary = await speaking.post(at, content=b"id\n\xff", headers=csv)
        typed = await speaking.post(at, json={})
        packed = await speaking.post(at, content=b"id", headers={**csv, **zipped})
        large = await speaking.post(at, content=b"x" * (LARGEST_TABLE + 1), headers=csv)
        flag = await speaking.post(f"{at}?dry_run=1", content=b"id", headers=csv)
        read = await speaking.get(at)
    assert (wrong.status_code, wrong.json()["detail"]) == (
        422,
        "The body is not a table of people.",
    )
    assert "not UTF-8 at byte 3" in binary.json()["errors"][0]["message"]
    assert [one.status_code for one in (binary, typed, packed, large, flag, read)] == [
        422,
        415,
        415,
        413,
        422,
        405,
    ]
