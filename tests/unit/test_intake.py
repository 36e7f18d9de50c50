import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from notifier.intake import Intake
from notifier.model import ids
from notifier.model.errors import BadSignature, Stale, WrongShape
from notifier.model.times import HOUR, MINUTE, SECOND
from notifier.sources import headers
from notifier.sources.call import Call
from notifier.sources.native import NativeSource
from notifier.sources.secrets import new_secret, parse
from notifier.store.views import EventFilter, Slice
from tests.store_harness import POLICY, START, StoreHarness

SECRET = new_secret(bytes(range(32)))
EVENT = {
    "type": "ticket.assigned",
    "data": {
        "ticket": {"id": "123", "title": "Printer Not Working"},
        "assignee": {"name": "John Smith", "email": "john@example.com"},
    },
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness("sqlite", tmp_path)
    yield harness
    await harness.store.close()


SOURCE = NativeSource("default", parse(SECRET), 5 * MINUTE)


def intake(desk: StoreHarness) -> Intake:
    return Intake(desk.store, POLICY, desk.clock)


def call(event: object = EVENT, key: str = "call-1") -> Call:
    body = json.dumps(event).encode()
    made = headers.signed(SECRET, key, START // SECOND, body)
    return Call(tuple((name.encode(), value.encode()) for name, value in made.items()), body)


async def test_a_call_is_recorded_with_its_deliveries(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        recorded = await intake(desk).receive(SOURCE, call())
    (delivery,) = recorded.deliveries
    assert (recorded.status, delivery.recipient) == ("accepted", "john@example.com")
    (line,) = [one.__dict__ for one in caplog.records if one.name == "notifier.intake"]
    assert line["action"] == "webhook.accepted"
    assert line["event"] == ids.public_or_none("evt", recorded.event_id)
    assert "john@example.com" not in caplog.text


async def test_a_repeated_call_counts_once(desk: StoreHarness) -> None:
    door = intake(desk)
    first = await door.receive(SOURCE, call())
    again = await door.receive(SOURCE, call())
    assert (again.event_id, again.status) == (first.event_id, "duplicate")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (Call((), b"{}"), BadSignature),
        (call({"type": "ticket.assigned"}), WrongShape),
    ],
    ids=["unsigned", "no ticket"],
)
async def test_what_is_refused_is_not_recorded(
    desk: StoreHarness, given: Call, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await intake(desk).receive(SOURCE, given)
    assert (await desk.store.events(EventFilter(), Slice(10))).items == ()


def signed_at(seconds: int) -> Call:
    body = json.dumps(EVENT).encode()
    made = headers.signed(SECRET, f"call-{seconds}", seconds, body)
    return Call(tuple((name.encode(), value.encode()) for name, value in made.items()), body)


async def test_a_machine_that_was_set_right_since_the_start_takes_honest_calls(
    desk: StoreHarness,
) -> None:
    two_hours = 2 * HOUR
    desk.clock.off = two_hours
    recorded = await intake(desk).receive(SOURCE, signed_at((START + two_hours) // SECOND))
    assert recorded.status == "accepted"


@pytest.mark.parametrize("off", [-2 * HOUR, 0, 2 * HOUR])
async def test_a_call_that_is_old_by_both_clocks_is_stale(desk: StoreHarness, off: int) -> None:
    desk.clock.off = off
    with pytest.raises(Stale, match="timestamp"):
        await intake(desk).receive(SOURCE, signed_at((START - HOUR) // SECOND))


async def test_what_is_wrongly_signed_is_refused_by_either_clock(desk: StoreHarness) -> None:
    desk.clock.off = 2 * HOUR
    honest = signed_at((START + 2 * HOUR) // SECOND)
    with pytest.raises(BadSignature, match="no signature matches"):
        await intake(desk).receive(SOURCE, Call(honest.headers, honest.body + b" "))
