import asyncio
from typing import Any

import httpx2
import pytest

from notifier.model import ids
from notifier.model.errors import BadSignature, StoreFailed
from notifier.model.times import DAY, SECOND
from notifier.sources.call import Call
from notifier.sources.challenge import ChallengeAnswer, Challenger
from notifier.store.base import Recorded
from notifier.web.recent import LARGEST_BODY, MOST, Recent, Sight
from tests.fake_clock import FakeClock
from tests.unit.web.stubs import AUTHORIZED, MAX_BODY, NINE, Parts, StubDesk, StubIntake, client

DESK = StubDesk("default")
CALL = Call(((b"webhook-signature", b"v1,secret"), (b"x-kind", b"test")), b"{}", client="192.0.2.7")
FINE = Sight(202, "accepted", None, (1,))


def shown(recent: Recent, source: str = "default") -> list[Any]:
    return list(recent.of(source))


def test_a_call_is_shown_without_what_is_secret_in_it() -> None:
    recent = Recent(FakeClock(NINE))
    recent.saw(DESK, CALL, FINE)
    assert shown(recent) == [
        {
            "at": "2026-11-23T09:00:00.000Z",
            "client": "192.0.2.7",
            "method": "POST",
            "tail": None,
            "query": "",
            "headers": [
                {"name": "webhook-signature", "value": "(hidden)"},
                {"name": "x-kind", "value": "test"},
            ],
            "body": "{}",
            "body_bytes": 2,
            "status": 202,
            "outcome": "accepted",
            "cause": None,
            "events": [ids.public("evt", 1)],
        }
    ]
    assert shown(recent, "other") == []


def test_a_source_keeps_its_newest_calls_and_no_long_body() -> None:
    recent = Recent(FakeClock(NINE))
    for number in range(MOST + 5):
        recent.saw(DESK, Call((), b"x" * (LARGEST_BODY + number)), Sight(401, "refused", "c" * 999))
    found = shown(recent)
    assert [one["body_bytes"] - LARGEST_BODY for one in found] == list(range(MOST + 4, 4, -1))
    assert {len(one["body"]) for one in found} == {LARGEST_BODY}
    assert {len(one["cause"]) for one in found} == {500}


async def test_calls_are_kept_for_a_day_and_no_longer() -> None:
    clock = FakeClock(NINE)
    recent = Recent(clock)
    recent.saw(DESK, CALL, FINE)
    await clock.advance_to(NINE + SECOND, _nothing)
    recent.saw(DESK, CALL, FINE)
    await clock.advance_to(NINE + DAY, _nothing)
    assert len(shown(recent)) == 1
    looks = 0

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks > 1:
            raise asyncio.CancelledError

    await clock.advance_to(NINE + DAY + SECOND, _nothing)
    with pytest.raises(asyncio.CancelledError):
        await recent.watch(sleep)
    assert looks == 2
    assert shown(recent) == []


def test_all_are_forgotten_at_once() -> None:
    recent = Recent(FakeClock(NINE))
    recent.saw(DESK, CALL, FINE)
    recent.forget()
    assert shown(recent) == []


async def _nothing() -> None:
    pass


async def calls(parts: Parts, *posts: dict[str, Any], name: str = "default") -> httpx2.Response:
    async with client(parts, AUTHORIZED) as http:
        for post in posts:
            await http.request(**{"method": "POST", "url": "/webhooks", "content": b"{}", **post})
        return await http.get(f"/v1/sources/{name}/calls")


@pytest.mark.parametrize(
    ("answer", "status", "outcome", "cause"),
    [
        (Recorded(1, "accepted", "a note", (), (1,)), 202, "accepted", None),
        (Recorded(1, "duplicate", None, (), (1,)), 200, "duplicate", None),
        (Recorded(1, "conflict", None, (), (1,)), 409, "refused", "conflict"),
        (Recorded(1, "unmapped", "no JSON", (), (1,)), 202, "unmapped", "no JSON"),
        (Recorded(None, "ignored", "nothing", ()), 202, "ignored", "nothing"),
        (BadSignature("timestamp 412 s old"), 401, "refused", "timestamp 412 s old"),
        (StoreFailed("disk full"), 503, "refused", "disk full"),
    ],
)
async def test_every_outcome_is_kept_with_its_exact_cause(
    answer: Recorded | Exception, status: int, outcome: str, cause: str | None
) -> None:
    (found,) = (await calls(Parts(StubIntake(answer)), {})).json()["items"]
    assert (found["status"], found["outcome"], found["cause"]) == (status, outcome, cause)


async def test_a_call_that_is_refused_before_its_body_is_read_is_kept_without_it() -> None:
    parts = Parts()
    answer = await calls(parts, {"content": b"x" * (MAX_BODY + 1)}, {"url": "/webhooks/nobody"})
    (found,) = answer.json()["items"]
    assert (found["status"], found["body"], found["body_bytes"]) == (413, "", 0)
    assert (await calls(parts, name="nobody")).status_code == 404


async def test_a_challenge_and_a_wrong_method_are_kept() -> None:
    def ping(call: Call) -> ChallengeAnswer | None:
        return ChallengeAnswer(200, (), call.query) if call.query else None

    desk = StubDesk(
        "default", challenger=Challenger({"GET": [ping]}, ["POST"], {"GET": ["a ping"]})
    )
    parts = Parts(StubIntake(desks={"default": desk}))
    url = "/webhooks/default"
    answer = await calls(
        parts,
        {"method": "GET", "url": f"{url}?a=1"},
        {"method": "GET", "url": url},
        {"method": "PUT", "url": url},
    )
    seen = [(one["method"], one["outcome"], one["cause"]) for one in answer.json()["items"]]
    assert seen == [
        ("PUT", "refused", "PUT is not among the methods of default"),
        ("GET", "refused", "GET without a ping"),
        ("GET", "challenge", None),
    ]
