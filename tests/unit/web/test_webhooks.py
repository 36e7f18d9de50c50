import json
import logging
from dataclasses import replace
from ipaddress import IPv4Network

import httpx2
import pytest
from starlette.types import Message

from notifier.model import ids
from notifier.model.errors import (
    BadPayload,
    BadSignature,
    Fault,
    NotifierError,
    StoreBusy,
    StoreFailed,
    UnsupportedMedia,
    WrongShape,
)
from notifier.sources.call import Call
from notifier.sources.challenge import Ask, ChallengeAnswer, Challenger
from notifier.store.base import Recorded
from notifier.web.answers import NOSNIFF
from tests.unit.web.stubs import MAX_BODY, NOWHERE, VIEW, Parts, StubDesk, StubIntake, client


async def post(parts: Parts, path: str = "/webhooks", content: bytes = b"{}") -> httpx2.Response:
    async with client(parts) as http:
        return await http.post(path, content=content)


async def test_an_accepted_call_is_answered_with_its_deliveries() -> None:
    answer = await post(Parts())
    event_id = ids.public("evt", 1)
    assert answer.status_code == 202
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "event_id": event_id,
        "status": "accepted",
        "note": None,
        "url": f"/v1/events/{event_id}",
        "deliveries": [
            {
                "id": ids.public("dlv", VIEW.id),
                "recipient": "john@example.com",
                "channel": "email",
                "state": "pending",
                "reason": None,
            },
            {
                "id": ids.public("dlv", NOWHERE.id),
                "recipient": None,
                "channel": None,
                "state": "failed",
                "reason": "no_address",
            },
        ],
        "events": [event_id],
    }


async def test_intake_sees_the_raw_body_and_the_headers_in_lower_case() -> None:
    parts = Parts()
    async with client(parts) as http:
        await http.post("/webhooks", content=b' {"a": 1}\n', headers={"Webhook-Id": "msg_1"})
    source, call = parts.intake.calls[0]
    assert source == "default"
    assert call.body == b' {"a": 1}\n'
    assert call.header("webhook-id") == [b"msg_1"]


async def test_the_source_is_named_by_the_path() -> None:
    parts = Parts()
    await post(parts, "/webhooks/other")
    await post(parts, "/webhooks/default")
    assert [source for source, _ in parts.intake.calls] == ["other", "default"]


@pytest.mark.parametrize(
    "path", ["/webhooks/nobody", "/webhooks/%0A", "/webhooks/default%0A", "/webhooks/%00%F0"]
)
async def test_an_unknown_source_is_404_and_never_read(path: str) -> None:
    parts = Parts()
    answer = await post(parts, path, b"x" * (MAX_BODY + 1))
    assert answer.status_code == 404
    assert answer.json()["code"] == "unknown_source"
    assert parts.intake.calls == []


@pytest.mark.parametrize("path", ["/webhooks/", "/webhooks/other/more", "/webhooks/other%2Fmore"])
async def test_a_path_beyond_the_source_is_404(path: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Parts().app())) as http:
        answer = await http.post(f"http://notifier.example.com{path}")
    assert answer.status_code == 404


async def test_an_ignored_event_is_202_with_its_note() -> None:
    answer = await post(Parts(StubIntake(Recorded(1, "ignored", "unknown_type", ()))))
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["note"]) == ("ignored", "unknown_type")


async def test_a_duplicate_is_200_with_the_present_states() -> None:
    answer = await post(Parts(StubIntake(Recorded(1, "duplicate", None, (VIEW,)))))
    assert answer.status_code == 200
    assert answer.json()["status"] == "duplicate"
    assert len(answer.json()["deliveries"]) == 1


async def test_a_source_may_set_its_own_success_status() -> None:
    answer = await post(Parts(StubIntake(success=200)), "/webhooks/other")
    assert answer.status_code == 200
    assert answer.json()["status"] == "accepted"


async def test_the_same_id_with_another_body_is_a_conflict() -> None:
    answer = await post(Parts(StubIntake(Recorded(1, "conflict", None, ()))))
    assert answer.status_code == 409
    assert answer.json()["code"] == "conflict"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadSignature("timestamp too old"), 401, "bad_signature"),
        (UnsupportedMedia("The content type must be application/json."), 415, None),
        (BadPayload("duplicate key"), 400, "bad_json"),
        (WrongShape([Fault("data.ticket.id", "is required")]), 422, "wrong_shape"),
        (StoreBusy(), 429, "too_many_waiting"),
        (StoreFailed("disk full"), 503, "store_unavailable"),
        (RuntimeError("a fault of ours"), 500, "internal_error"),
    ],
)
async def test_every_refusal_has_its_status_and_code(
    error: Exception, status: int, code: str | None
) -> None:
    answer = await post(Parts(StubIntake(error)))
    assert answer.status_code == status
    assert answer.json()["code"] == (code or "unsupported_media_type")


@pytest.mark.fault("B3")
@pytest.mark.parametrize("error", [BadSignature("timestamp too old"), StoreFailed("/secret/path")])
async def test_the_cause_is_for_the_log_only(
    error: NotifierError, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = await post(Parts(StubIntake(error)))
    assert str(error) not in answer.text
    record = next(one for one in caplog.records if one.message == "webhook refused")
    assert record.__dict__["cause"] == str(error)
    assert record.__dict__["source"] == "default"


async def test_a_fault_of_ours_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await post(Parts(StubIntake(RuntimeError("the inside"))))
    assert "the inside" not in answer.text
    assert "the inside" in caplog.text


async def test_a_wrong_shape_names_every_wrong_place() -> None:
    faults = [Fault("data.ticket.id", "is required"), Fault("type", "is not known: \ud800")]
    answer = await post(Parts(StubIntake(WrongShape(faults))))
    assert answer.json()["errors"] == [
        {"path": fault.path, "message": fault.message} for fault in faults
    ]


@pytest.mark.parametrize("error", [StoreBusy(), StoreFailed()])
async def test_what_may_be_repeated_says_when(error: Exception) -> None:
    answer = await post(Parts(StubIntake(error)))
    assert 1 <= int(answer.headers["retry-after"]) <= 5


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    parts = Parts()
    assert (await post(parts, content=b"x" * MAX_BODY)).status_code == 202
    assert len(parts.intake.calls[0][1].body) == MAX_BODY


async def test_a_body_over_the_limit_is_413_and_reaches_nobody() -> None:
    parts = Parts()
    answer = await post(parts, content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert parts.intake.calls == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/other", "/webhooks/nobody"])
async def test_any_other_method_is_405_before_the_source_is_looked_at(
    method: str, path: str
) -> None:
    async with client(Parts()) as http:
        answer = await http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.fault("G19")
@pytest.mark.parametrize(
    ("base", "url"),
    [
        (None, "/v1/events/"),
        ("https://notifier.example.com", "https://notifier.example.com/v1/events/"),
        ("https://example.com/notifier/", "https://example.com/notifier/v1/events/"),
    ],
)
async def test_links_start_at_the_public_base_url_and_never_at_a_header(
    base: str | None, url: str
) -> None:
    spoofed = {
        "host": "evil.example.com",
        "x-forwarded-host": "evil.example.com",
        "x-forwarded-proto": "ftp",
        "forwarded": "host=evil.example.com",
    }
    async with client(Parts(public_base_url=base)) as http:
        answer = await http.post("/webhooks", headers=spoofed)
    assert answer.json()["url"] == url + ids.public("evt", 1)


async def test_hostile_text_leaves_as_json_escapes() -> None:
    view = replace(VIEW, recipient="\ud800\u202e<b>\r\n")
    answer = await post(Parts(StubIntake(Recorded(1, "accepted", None, (view,)))))
    assert answer.content.isascii()
    assert json.loads(answer.content)["deliveries"][0]["recipient"] == view.recipient


async def test_a_caller_who_leaves_while_sending_gets_no_answer() -> None:
    parts = Parts()
    arriving: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/webhooks", "headers": []}
    await parts.app()(scope, receive, send)
    assert sent == []
    assert parts.intake.calls == []


async def test_the_call_keeps_repeated_headers_in_order() -> None:
    parts = Parts()
    async with client(parts) as http:
        await http.post(
            "/webhooks", headers=[("webhook-signature", "v1,a"), ("Webhook-Signature", "v1,b")]
        )
    call: Call = parts.intake.calls[0][1]
    assert call.header("webhook-signature") == [b"v1,a", b"v1,b"]


def challenged(
    found: ChallengeAnswer | None, *methods: str, refused: Exception | None = None
) -> Parts:
    def ask(call: Call) -> ChallengeAnswer | None:
        return found

    asks: dict[str, list[Ask]] = {method: [ask] for method in methods}
    desk = StubDesk(
        "other", challenger=Challenger(asks, ["POST"], {key: ["a sign"] for key in methods})
    )
    return Parts(StubIntake(desks={"other": desk}, refused=refused))


TOLD = ChallengeAnswer(200, ((b"content-type", b"text/plain"), NOSNIFF), b"a-challenge")
BARE = ChallengeAnswer(200, (), b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_a_source_may_have_other_methods(method: str) -> None:
    parts = Parts(StubIntake(desks={"other": StubDesk("other", methods=frozenset({method}))}))
    async with client(parts) as http:
        answer = await http.request(method, "/webhooks/other?a=b&c", content=b"{}")
        refused = await http.request("DELETE", "/webhooks/other")
    assert answer.status_code == 202
    ((_, call),) = parts.intake.calls
    assert (call.method, call.query, call.tail) == (method, b"a=b&c", "")
    assert (refused.status_code, refused.headers["allow"]) == (405, method)


async def test_what_follows_the_name_is_for_sources_that_take_it() -> None:
    parts = Parts(StubIntake(desks={"desk": StubDesk("desk", takes_tail=True)}))
    async with client(parts) as http:
        assert (await http.post("/webhooks/desk/a-token")).status_code == 202
        assert (await http.post("/webhooks/desk")).status_code == 202
        refused = await http.post("/webhooks/other/a-token")
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_source")
        assert (await http.put("/webhooks/other/a-token")).headers["allow"] == "POST"
    assert [call.tail for _, call in parts.intake.calls] == ["a-token", ""]


async def test_what_follows_the_name_may_be_a_secret_and_is_in_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for source in ("desk", "nobody"):
        desk = StubDesk("desk", takes_tail=True)
        parts = Parts(StubIntake(RuntimeError("a fault of ours"), desks={"desk": desk}))
        with caplog.at_level(logging.DEBUG):
            await post(parts, f"/webhooks/{source}/Xq7Token")
    paths = [one.__dict__["path"] for one in caplog.records if "path" in one.__dict__]
    sources = [one.__dict__["source"] for one in caplog.records if "source" in one.__dict__]
    assert (paths, sources) == (["/webhooks/desk"], ["nobody"])


async def test_a_source_has_its_own_limit() -> None:
    desk = StubDesk("desk")
    desk.max_body = 10
    async with client(Parts(StubIntake(desks={"desk": desk}))) as http:
        assert (await http.post("/webhooks/desk", content=b"x" * 10)).status_code == 202
        assert (await http.post("/webhooks/desk", content=b"x" * 11)).status_code == 413
        assert (await http.post("/webhooks/other", content=b"x" * 11)).status_code == 202


async def test_a_success_without_content_has_none_and_leaves_the_connection_whole() -> None:
    async with client(Parts(StubIntake(success=204))) as http:
        answer = await http.post("/webhooks/other", content=b"{}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("found", [TOLD, BARE])
async def test_a_challenge_is_answered_before_anything_is_verified(
    method: str, found: ChallengeAnswer
) -> None:
    parts = challenged(found, method, refused=BadSignature("never asked"))
    async with client(parts) as http:
        answer = await http.request(method, "/webhooks/other")
        other = await http.delete("/webhooks/other")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content == (b"" if method == "HEAD" else found.body)
    assert other.headers["allow"] == ", ".join(sorted({method, "POST"}))
    assert parts.intake.calls == []


async def test_a_permission_names_every_method_that_there_is() -> None:
    found = ChallengeAnswer(200, ((b"webhook-allowed-rate", b"120"), (b"allow", b"POST")), b"")
    async with client(challenged(found, "OPTIONS")) as http:
        answer = await http.options("/webhooks/other")
    assert answer.headers["allow"] == "OPTIONS, POST"
    assert answer.headers["webhook-allowed-rate"] == "120"


async def test_what_is_no_challenge_is_405_by_a_method_of_challenges_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    parts = challenged(None, "GET", "POST")
    async with client(parts) as http:
        with caplog.at_level(logging.WARNING):
            answer = await http.get("/webhooks/other")
        (record,) = caplog.records
        assert (record.__dict__["action"], record.__dict__["status"]) == ("webhook.refused", 405)
        assert record.__dict__["cause"] == "GET without a sign"
        assert "sign" not in answer.text
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
        assert (await http.post("/webhooks/other")).status_code == 202
    assert len(parts.intake.calls) == 1


async def test_a_challenge_among_events_is_answered_to_who_knows_the_secret_only() -> None:
    parts = challenged(TOLD, "POST")
    answer = await post(parts, "/webhooks/other")
    assert (answer.status_code, answer.text) == (200, "a-challenge")
    assert parts.intake.calls == []
    parts = challenged(TOLD, "POST", refused=BadSignature("no signature"))
    assert (await post(parts, "/webhooks/other")).status_code == 401


async def test_the_call_knows_its_caller() -> None:
    parts = Parts(trusted=[IPv4Network("127.0.0.1")])
    async with client(parts) as http:
        await http.post("/webhooks", headers={"x-forwarded-for": "198.51.100.1"})
    ((_, call),) = parts.intake.calls
    assert call.client == "198.51.100.1"
