import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from notifier.app.secret_places import Places
from notifier.app.trying import Trial, trial
from notifier.model.errors import ConfigurationError
from notifier.model.times import DAY, from_text
from notifier.sources.call import Call
from notifier.sources.definition import read

KEY = "a-secret-of-the-help-desk-0123456789"
NINE = from_text("2026-11-23T09:00:00Z")
BODY = b'{"id": 7, "to": 5}'
MAP = {
    "events": {
        "ticket.assigned": "assignee and prev.assignee.id != assignee.id",
        "ticket.resolved": "body.done",
    },
    "fields": {"ticket.id": "body.id", "assignee.id": "body.to"},
}
HMAC = {
    "scheme": "hmac",
    "header": "x-signature",
    "signed": "{header:x-time}{body}",
    "timestamp": {"from": "header:x-time", "unit": "s"},
}


def made(*auth: dict[str, Any], any_time: bool = False, **more: Any) -> Trial:
    table = {"secrets": [KEY], "auth": list(auth or [HMAC]), "map": MAP, **more}
    return trial("desk", read("desk", table), (Places({}), Path()), any_time=any_time)


def call(body: bytes = BODY, at: int = NINE, **more: Any) -> Call:
    stamp = str(at // 1000).encode()
    signed = hmac.new(KEY.encode(), stamp + body, hashlib.sha256).hexdigest().encode()
    headers = ((b"x-time", stamp), (b"x-signature", signed))
    return Call(headers=headers, body=body, **more)


def test_one_call_may_be_several_events() -> None:
    tried = made().of(call(b'{"id": 7, "to": 5, "done": true}'), NINE, None)
    assert tried.outcome == "mapped"
    assert [event.type for event in tried.events] == ["ticket.assigned", "ticket.resolved"]


def test_what_is_known_already_is_no_event() -> None:
    tried = made().of(call(), NINE, {"assignee": {"id": "5"}})
    assert (tried.outcome, tried.events) == ("ignored", ())


@pytest.mark.parametrize(
    ("given", "outcome", "cause"),
    [
        (call(b"no JSON"), "unmapped", "JSON"),
        (Call((), BODY), "refused", "x-"),
        (call(at=NINE - DAY), "refused", "s old"),
        (call(method="PUT"), "refused", "the source takes POST, not PUT"),
        (
            Call((*call().headers, (b"content-encoding", b"gzip")), BODY),
            "refused",
            "compressed",
        ),
    ],
)
def test_what_goes_wrong_is_named(given: Call, outcome: str, cause: str) -> None:
    tried = made().of(given, NINE, None)
    assert tried.outcome == outcome
    assert tried.cause is not None
    assert cause in tried.cause


@pytest.mark.parametrize(
    ("given", "outcome"),
    [(Call((), b"", "GET"), "challenge"), (Call((), b"", "HEAD"), "refused")],
)
def test_a_challenge_is_one(given: Call, outcome: str) -> None:
    assert made(challenge={"get_ok": True}).of(given, NINE, None).outcome == outcome


def test_a_challenge_among_events_has_to_be_authentic() -> None:
    echo = made(challenge={"echo": {"body": "challenge"}})
    asked = b'{"challenge": "abc"}'
    assert echo.of(call(asked), NINE, None).outcome == "challenge"
    assert echo.of(Call((), asked), NINE, None).outcome == "refused"


def test_a_signature_may_be_taken_however_old_it_is() -> None:
    assert made(any_time=True).of(call(at=NINE - 900 * DAY), NINE, None).outcome == "mapped"
    wrong = Call(call(at=NINE - 900 * DAY).headers, BODY + b" ")
    assert made(any_time=True).of(wrong, NINE, None).outcome == "refused"


@pytest.mark.parametrize(
    "auth",
    [
        {"scheme": "rfc9421", "key_encoding": "utf8", "components": ["@method"]},
        {"scheme": "jwt", "algorithms": ["HS256"]},
        {"scheme": "token", "in": "bearer"},
    ],
)
def test_every_scheme_can_be_tried_at_any_time(auth: dict[str, Any]) -> None:
    assert made(auth, any_time=True).of(call(), NINE, None).outcome == "refused"


def test_anybody_may_call_where_nothing_is_verified_and_no_secret_is_needed() -> None:
    found = read("desk", {"secrets": ["env:MISSING"], "auth": [HMAC], "map": MAP})
    places = (Places({}), Path())
    assert trial("desk", found, places, verified=False).of(Call((), BODY), NINE, None).events
    with pytest.raises(ConfigurationError, match="env:MISSING is not set"):
        trial("desk", found, places)
