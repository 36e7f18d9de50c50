import pytest

from notifier.intake import Refusal
from notifier.model import ids
from notifier.model.errors import StoreBusy, UnknownSource
from notifier.store.base import Recorded
from notifier.store.views import EventFilter, Slice, UnmappedDetail
from tests.unit.web.stubs import (
    AUTHORIZED,
    NINE,
    VIEW,
    Parts,
    StubHistory,
    StubIntake,
    client,
    event_detail,
)

KEPT = UnmappedDetail(2, "unmapped", "zammad", NINE, "the body is no JSON", True)
KEPT_ID = ids.public("evt", 2)


async def test_a_call_that_is_read_is_answered_as_the_webhook_would_be() -> None:
    recorded = Recorded(7, "accepted", None, (VIEW,), (7, 8))
    async with client(Parts(StubIntake(replayed=recorded)), AUTHORIZED) as http:
        answer = await http.post(f"/v1/events/{KEPT_ID}/replay")
    assert answer.status_code == 202
    assert answer.json()["events"] == [ids.public("evt", 7), ids.public("evt", 8)]
    assert answer.json()["url"] == f"/v1/events/{ids.public('evt', 7)}"


@pytest.mark.parametrize(
    ("replayed", "status", "code"),
    [
        (Refusal("wrong_state", "the call was read already"), 409, "wrong_state"),
        (Refusal("gone", "the call was erased"), 410, "gone"),
        (UnknownSource("no help desk"), 404, "unknown_source"),
        (StoreBusy("too many"), 429, "too_many_waiting"),
        (None, 404, "not_found"),
    ],
)
async def test_what_is_not_read_again(
    replayed: Refusal | Exception | None, status: int, code: str
) -> None:
    async with client(Parts(StubIntake(replayed=replayed)), AUTHORIZED) as http:
        answer = await http.post(f"/v1/events/{KEPT_ID}/replay")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_event_that_was_read_when_it_came_is_in_another_state() -> None:
    parts = Parts(history=StubHistory(all_events=[event_detail(5)]))
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post(f"/v1/events/{ids.public('evt', 5)}/replay")
        nonsense = await http.post("/v1/events/dlv_1/replay")
        stranger = await http.post(f"/v1/events/{KEPT_ID}/replay", headers={"authorization": ""})
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert nonsense.status_code == 404
    assert stranger.status_code == 401


async def test_history_shows_a_call_that_could_not_be_read() -> None:
    parts = Parts(history=StubHistory(all_events=[event_detail(1)], kept=[KEPT]))
    async with client(parts, AUTHORIZED) as http:
        one = (await http.get(f"/v1/events/{KEPT_ID}")).json()
        page = (await http.get("/v1/events", params={"status": "unmapped"})).json()
    assert one == page["items"][0]
    assert (one["status"], one["note"]) == ("unmapped", "the body is no JSON")
    assert (one["ticket"], one["type"], one["webhook_id"], one["deliveries"]) == (
        None,
        None,
        None,
        [],
    )
    assert parts.history.asked == [(EventFilter(status="unmapped"), Slice(50))]
