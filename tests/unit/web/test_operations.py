import json
from typing import Any

import pytest

from notifier.model import ids
from notifier.model.errors import Fault, StoreBusy, StoreFailed, WrongShape
from notifier.model.messages import Email
from notifier.model.states import State
from notifier.store.base import Operated
from tests.unit.web.stubs import (
    AUTHORIZED,
    MAX_BODY,
    TOKEN,
    VIEW,
    Parts,
    StubHistory,
    client,
    delivery_detail,
)

PATH = f"/v1/deliveries/{ids.public('dlv', VIEW.id)}"
TEST = {"channel": "email", "to": "john@example.com"}
DRAFT = {"channel": "email", "event": {"type": "ticket.assigned"}}
BODIES: dict[str, dict[str, Any]] = {"/v1/test": TEST, "/v1/preview": DRAFT}
MOVES = (f"{PATH}/retry", f"{PATH}/cancel")


def filled() -> Parts:
    return Parts(history=StubHistory((), [delivery_detail()]))


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422
    assert answer.json()["code"] == "wrong_shape"
    return {fault["path"]: fault["message"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("path", [*MOVES, *BODIES])
async def test_nothing_is_done_without_a_token(path: str) -> None:
    parts = filled()
    async with client(parts) as http:
        answer = await http.post(path, json=BODIES.get(path))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert (parts.operator.calls, parts.drafted) == ([], [])


@pytest.mark.parametrize("path", [*MOVES, *BODIES])
async def test_nothing_is_done_by_reading(path: str) -> None:
    async with client(filled(), AUTHORIZED) as http:
        answer = await http.get(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("move", ["retry", "cancel"])
async def test_a_move_answers_with_the_delivery_as_it_is_now(move: str) -> None:
    parts = filled()
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post(f"{PATH}/{move}")
        shown = await http.get(PATH)
    assert answer.status_code == 202
    assert answer.json() == shown.json()
    assert answer.headers["cache-control"] == "no-store"
    assert parts.operator.calls == [(move, VIEW.id)]


@pytest.mark.parametrize("path", MOVES)
async def test_another_state_is_a_conflict_that_names_it(path: str) -> None:
    parts = filled()
    parts.operator.done = Operated(State.SENT, "It was sent.")
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post(path)
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["state"], problem["detail"]) == (
        "wrong_state",
        "sent",
        "It was sent.",
    )


@pytest.mark.parametrize("path", MOVES)
async def test_an_id_that_leads_to_nothing_is_not_found(path: str) -> None:
    parts = filled()
    parts.operator.done = None
    async with client(parts, AUTHORIZED) as http:
        assert (await http.post(path)).status_code == 404


@pytest.mark.parametrize("id_", ["dlv_1", ids.public("evt", 3), "%00"])
async def test_text_that_is_no_id_asks_nobody(id_: str) -> None:
    parts = filled()
    async with client(parts, AUTHORIZED) as http:
        assert (await http.post(f"/v1/deliveries/{id_}/retry")).status_code == 404
    assert parts.operator.calls == []


@pytest.mark.parametrize(("error", "status"), [(StoreBusy(), 429), (StoreFailed(), 503)])
@pytest.mark.parametrize("path", [*MOVES, "/v1/test"])
async def test_a_store_that_cannot_says_when_to_come_back(
    path: str, error: Exception, status: int
) -> None:
    parts = filled()
    parts.operator.done = parts.operator.tested = error
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post(path, json=BODIES.get(path))
    assert answer.status_code == status
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_test_message_answers_with_where_to_look() -> None:
    parts = Parts(public_base_url="https://notifier.example.com/")
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post("/v1/test", json=TEST)
    assert answer.status_code == 202
    assert answer.json() == {
        "id": ids.public("dlv", VIEW.id),
        "state": "pending",
        "url": f"https://notifier.example.com{PATH}",
    }
    assert parts.operator.calls == [("test", "email", "john@example.com")]


async def test_without_a_public_address_the_link_is_a_path() -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post("/v1/test", json=TEST)
    assert answer.json()["url"] == PATH


async def test_a_wrong_address_is_named() -> None:
    parts = Parts()
    parts.operator.tested = WrongShape([Fault("to", "must be an email address")])
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post("/v1/test", json=TEST)
    assert faults(answer) == {"to": "must be an email address"}
    assert answer.json()["detail"] == "The JSON is not a test message."


async def test_a_preview_is_the_message() -> None:
    parts = Parts(said=Email("New", "Hi", "<p>Hi</p>", b"raw"))
    async with client(parts, AUTHORIZED) as http:
        mail = await http.post("/v1/preview", json=DRAFT)
    async with client(Parts(), AUTHORIZED) as http:
        text = await http.post("/v1/preview", json=DRAFT | {"channel": "sms"})
    assert mail.json() == {"channel": "email", "subject": "New", "text": "Hi", "html": "<p>Hi</p>"}
    assert text.json() == {
        "channel": "sms",
        "body": "[HIGH] Ticket #123",
        "segments": 1,
        "encoding": "gsm7",
    }
    assert parts.drafted == [("email", {"type": "ticket.assigned"})]


async def test_what_is_no_event_is_named_by_its_path() -> None:
    parts = Parts(said=WrongShape([Fault("event.data.ticket.id", "is required")]))
    async with client(parts, AUTHORIZED) as http:
        answer = await http.post("/v1/preview", json=DRAFT)
    assert faults(answer) == {"event.data.ticket.id": "is required"}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("missing", ["absent", None])
async def test_every_missing_field_is_named(path: str, missing: str | None) -> None:
    sent = {} if missing else dict.fromkeys(BODIES[path])
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post(path, json=sent)
    assert faults(answer) == dict.fromkeys(BODIES[path], "is required")


@pytest.mark.parametrize("path", BODIES)
async def test_an_unknown_field_is_refused(path: str) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post(path, json=BODIES[path] | {"chanel": "email"})
    assert faults(answer) == {"chanel": "is not a field of this call"}


@pytest.mark.parametrize(
    ("path", "name"), [("/v1/test", "channel"), ("/v1/test", "to"), ("/v1/preview", "channel")]
)
@pytest.mark.parametrize("value", [7, "", True, ["email"], {}])
async def test_text_is_wanted_where_text_belongs(path: str, name: str, value: object) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post(path, json=BODIES[path] | {name: value})
    assert faults(answer) == {name: "must be text that is not empty"}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"7"])
async def test_a_body_that_is_no_object_is_refused(path: str, body: bytes) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post(path, content=body)
    assert "the body must be an object" in faults(answer)[""]


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b'{"to": 1, "to": 2}', {}, 400),
        (b"[NaN]", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 33 + b"]" * 33, {}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"content-encoding": "gzip"}, 415),
        (b" " * (MAX_BODY + 1), {}, 413),
    ],
)
async def test_a_body_is_read_as_strictly_as_at_the_door(
    path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post(path, content=content, headers=headers)
    assert answer.status_code == status


async def test_a_body_as_large_as_allowed_is_read() -> None:
    body = json.dumps(TEST).encode().ljust(MAX_BODY)
    async with client(Parts(), AUTHORIZED) as http:
        answer = await http.post("/v1/test", content=body)
    assert answer.status_code == 202


@pytest.mark.parametrize("path", BODIES)
async def test_a_caller_who_leaves_while_sending_does_no_harm(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts()
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode())],
    }

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        """Nobody hears it."""

    await parts.app()(scope, gone, send)
    assert (parts.operator.calls, parts.drafted, caplog.records) == ([], [], [])
    # A body that is late looks like this too, and was counted by the protocol.
    assert parts.refused == []


async def test_what_is_refused_does_not_make_its_answer_long() -> None:
    # Within the limit of bodies, many short names or one long one.
    for sent in ({f"{number}": 1 for number in range(100)}, {"x" * 900: 1}):
        async with client(Parts(), AUTHORIZED) as http:
            answer = await http.post("/v1/test", json=sent)
        told = answer.json()["errors"]
        assert answer.status_code == 422
        assert len(told) <= 20 + len(BODIES["/v1/test"])
        assert max(len(fault["path"]) for fault in told) <= 100
