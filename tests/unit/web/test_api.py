from dataclasses import replace

import pytest

from notifier.model import ids
from notifier.model.messages import Email
from notifier.model.states import State
from notifier.store.views import DeliveryFilter, EventDetail, EventFilter, Slice
from tests.unit.web.stubs import (
    AUTHORIZED,
    MERGED,
    NINE,
    NOWHERE,
    SMS,
    TOLD,
    VIEW,
    Parts,
    StubHistory,
    client,
    delivery_detail,
    event_detail,
)

EVENT_PATH = f"/v1/events/{ids.public('evt', 1)}"
DELIVERY_PATH = f"/v1/deliveries/{ids.public('dlv', 3)}"
ALL_PATHS = ["/v1/events", "/v1/deliveries", EVENT_PATH, DELIVERY_PATH]


def filled() -> Parts:
    views = [VIEW, TOLD, MERGED, NOWHERE]
    return Parts(
        history=StubHistory(
            [event_detail(number) for number in (1, 2, 3)],
            [delivery_detail(view) for view in views],
        )
    )


@pytest.mark.fault("G22")
@pytest.mark.parametrize("path", ALL_PATHS)
async def test_nothing_is_shown_without_a_token(path: str) -> None:
    async with client(filled()) as http:
        answer = await http.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_head_is_answered_as_get_without_a_body(path: str) -> None:
    async with client(filled(), AUTHORIZED | {"x-request-id": "the-same"}) as http:
        whole = await http.get(path)
        bare = await http.head(path)
    assert bare.status_code == 200
    assert bare.content == b""
    assert bare.headers == whole.headers


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_nothing_can_be_written(path: str) -> None:
    async with client(filled(), AUTHORIZED) as http:
        answer = await http.post(path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_history_is_never_cached(path: str) -> None:
    async with client(filled(), AUTHORIZED) as http:
        assert (await http.get(path)).headers["cache-control"] == "no-store"


async def test_an_event_is_shown_whole() -> None:
    async with client(filled(), AUTHORIZED) as http:
        shown = (await http.get(EVENT_PATH)).json()
    assert shown["id"] == ids.public("evt", 1)
    assert shown["occurred_at"] == shown["accepted_at"] == "2026-11-23T09:00:00.000Z"
    assert shown["ticket"] == {
        "id": "123",
        "number": "123",
        "title": "Printer Not Working",
        "priority": "high",
        "status": None,
        "category": None,
        "url": None,
        "version": 7,
    }
    assert shown["assignee"] == {
        "id": "7",
        "name": "John Smith",
        "email": "john@example.com",
        "phone": None,
        "locale": None,
        "time_zone": None,
        "login": None,
    }
    assert shown["requester"] is None
    assert shown["deliveries"][0]["why"] == "assignee of ticket.assigned"


async def test_a_delivery_is_shown_with_its_attempts() -> None:
    async with client(filled(), AUTHORIZED) as http:
        shown = (await http.get(DELIVERY_PATH)).json()
    assert shown["person"] == {"id": ids.public("per", 5), "name": "John Smith"}
    assert shown["priority"] == "high"
    assert shown["message"] is None
    assert shown["attempts"][0] == {
        "started_at": "2026-11-23T09:00:00.130Z",
        "ended_at": "2026-11-23T09:00:00.480Z",
        "phase": "dot",
        "outcome": "sent",
        "code": 250,
        "enhanced_code": "2.0.0",
        "reply": "Ok",
        "remote": "mail.example.com",
        "digest": "9f86",
    }
    assert shown["attempts"][1]["ended_at"] is None


async def test_a_delivery_shows_its_email() -> None:
    parts = filled()
    parts.message = Email("New", "Hi", "<p>Hi</p>", b"raw")
    async with client(parts, AUTHORIZED) as http:
        shown = (await http.get(DELIVERY_PATH)).json()
    assert shown["message"] == {
        "channel": "email",
        "subject": "New",
        "text": "Hi",
        "html": "<p>Hi</p>",
    }


async def test_a_delivery_shows_its_text_message() -> None:
    sms = delivery_detail(replace(VIEW, channel="sms", recipient="+14155550123"))
    parts = Parts(history=StubHistory((), [sms]), message=SMS)
    async with client(parts, AUTHORIZED) as http:
        shown = (await http.get(DELIVERY_PATH)).json()
    assert shown["message"] == {
        "channel": "sms",
        "body": "[HIGH] Ticket #123",
        "segments": 1,
        "encoding": "gsm7",
    }


async def test_a_list_of_deliveries_shows_how_each_ended() -> None:
    async with client(filled(), AUTHORIZED) as http:
        items = (await http.get("/v1/deliveries")).json()["items"]
    nowhere, merged, told, waiting = items
    assert (nowhere["reason"], nowhere["recipient"], nowhere["channel"]) == (
        "no_address",
        None,
        None,
    )
    assert nowhere["sentence"].startswith("The person has neither")
    assert nowhere["person"] == {"id": None, "name": None}
    assert merged["merged_into"] == ids.public("dlv", TOLD.id)
    assert (told["batch_id"], told["provider_id"]) == (ids.public("bat", 8), "SM1")
    assert told["finished_at"] == "2026-11-23T09:00:00.480Z"
    assert (waiting["batch_id"], waiting["finished_at"], waiting["sentence"]) == (None, None, None)


@pytest.mark.parametrize("name", ["events", "deliveries"])
async def test_pages_follow_each_other_without_gap_or_repeat(name: str) -> None:
    seen, cursor = [], None
    async with client(filled(), AUTHORIZED) as http:
        whole = (await http.get(f"/v1/{name}")).json()
        while True:
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await http.get(f"/v1/{name}", params=query)).json()
            seen += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    assert whole["next_cursor"] is None
    assert seen == whole["items"]


async def test_the_filters_of_events_reach_the_store() -> None:
    parts = filled()
    query = {
        "source": "default",
        "type": "ticket.created",
        "ticket": "#123",
        "status": "ignored",
        "since": "2026-11-23T09:00:00Z",
        "until": "2026-11-23T10:00:01.5+01:00",
        "limit": "200",
    }
    async with client(parts, AUTHORIZED) as http:
        await http.get("/v1/events", params=query)
    wanted = EventFilter("default", "ticket.created", "#123", "ignored", NINE, NINE + 1500)
    assert parts.history.asked == [(wanted, Slice(200))]


async def test_the_filters_of_deliveries_reach_the_store() -> None:
    parts = filled()
    query: list[tuple[str, str | int | float | bool | None]] = [
        ("state", "failed"),
        ("state", "expired"),
        ("recipient", "+14155550123"),
        ("channel", "sms"),
        ("ticket", "123"),
        ("source", "default"),
        ("since", "2026-11-23T09:00:00Z"),
        ("until", "2026-11-23T09:00:01Z"),
    ]
    async with client(parts, AUTHORIZED) as http:
        await http.get("/v1/deliveries", params=query)
    wanted = DeliveryFilter(
        (State.FAILED, State.EXPIRED), "+14155550123", "sms", "123", "default", NINE, NINE + 1000
    )
    assert parts.history.asked == [(wanted, Slice(50))]


async def test_without_a_query_everything_is_asked_for() -> None:
    parts = filled()
    async with client(parts, AUTHORIZED) as http:
        await http.get("/v1/events")
        await http.get("/v1/deliveries")
    assert parts.history.asked == [(EventFilter(), Slice(50)), (DeliveryFilter(), Slice(50))]


@pytest.mark.fault("G22")
@pytest.mark.parametrize("path", ["/v1/events", "/v1/deliveries"])
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("limit=0", ["limit"]),
        ("limit=201", ["limit"]),
        ("limit=1&limit=2", ["limit"]),
        ("cursor=", ["cursor"]),
        ("cursor=AAAAAAAAAAAAAAAA", ["cursor"]),
        ("since=yesterday", ["since"]),
        ("ticket=", ["ticket"]),
        ("color=red", ["color"]),
        ("limit=x&until=x&offset=1", ["limit", "offset", "until"]),
    ],
)
async def test_wrong_parameters_are_422_and_all_named(
    path: str, query: str, wrong: list[str]
) -> None:
    parts = filled()
    async with client(parts, AUTHORIZED) as http:
        answer = await http.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_parameter"
    assert sorted(error["path"] for error in answer.json()["errors"]) == wrong
    assert parts.history.asked == []


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events/nonsense",
        f"/v1/events/{ids.public('dlv', 1)}",
        f"/v1/events/{ids.public('evt', 99)}",
        "/v1/deliveries/dlv_",
        f"/v1/deliveries/{ids.public('evt', 3)}",
        f"/v1/deliveries/{ids.public('dlv', 99)}",
    ],
)
async def test_an_id_that_leads_to_nothing_is_404(path: str) -> None:
    async with client(filled(), AUTHORIZED) as http:
        answer = await http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_a_store_that_cannot_be_read_is_503() -> None:
    parts = filled()
    parts.history.broken = True
    async with client(parts, AUTHORIZED) as http:
        answer = await http.get(EVENT_PATH)
    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"


async def test_an_event_of_hostile_text_is_still_json() -> None:
    hostile = EventDetail(
        1, "ignored", replace(event_detail(1).event, webhook_id="\x00\ud800"), NINE, "\u2028", ()
    )
    async with client(Parts(history=StubHistory([hostile])), AUTHORIZED) as http:
        shown = (await http.get(EVENT_PATH)).json()
    assert (shown["webhook_id"], shown["note"]) == ("\x00\ud800", "\u2028")
