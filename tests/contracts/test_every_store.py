"""What every store promises, whatever it keeps its rows in: recording, history, retention."""

import asyncio
import itertools
import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.errors import StoreBusy
from notifier.model.events import Event
from notifier.model.plans import Memory, Move, Plan, TicketState
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, LAST, MINUTE, SECOND, Instant
from notifier.store.views import DeliveryFilter, EventDetail, EventFilter, Slice
from tests.store_harness import (
    JANE,
    JOHN,
    OPTIONS,
    START,
    STORES,
    StoreHarness,
    critical,
    event,
)

ALL = Slice(200)
PHONE = replace(JOHN, email=None, phone="+14155550123")


async def test_an_event_is_recorded_with_its_deliveries_and_claimed_at_once(
    desk: StoreHarness,
) -> None:
    answer = await desk.post(event())
    (delivery,) = answer.deliveries
    (batch,) = desk.taker.batches
    assert answer.status == "accepted"
    assert (delivery.state, delivery.recipient, delivery.channel) == (
        State.SENDING,
        "john@example.com",
        "email",
    )
    assert (batch.address, batch.fence, batch.attempts, batch.first_at) == (
        "john@example.com",
        1,
        0,
        START,
    )
    assert [member.delivery_id for member in batch.members] == [delivery.id]
    assert batch.members[0].event.ticket.title == "Printer Not Working"
    assert desk.store.still_held(batch)


@pytest.mark.fault("G3")
async def test_the_same_id_counts_once(desk: StoreHarness) -> None:
    first = await desk.post(event(), key="one")
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    again = await desk.post(event(), key="one")
    other = await desk.post(event(), key="one", body=b'{"type": "another body"}')
    assert (again.status, again.event_id) == ("duplicate", first.event_id)
    assert [delivery.state for delivery in again.deliveries] == [State.SENT]
    assert (other.status, other.event_id) == ("conflict", first.event_id)
    assert len((await desk.store.events(EventFilter(), ALL)).items) == 1


@pytest.mark.fault("G1")
async def test_the_same_id_a_hundred_times_at_once_is_one_event(desk: StoreHarness) -> None:
    answers = await asyncio.gather(*(desk.post(event(), key="one") for _ in range(100)))
    assert sorted(answer.status for answer in answers) == ["accepted"] + ["duplicate"] * 99
    assert len({answer.event_id for answer in answers}) == 1
    assert len(desk.taker.batches) == 1


async def test_events_of_one_ticket_that_arrive_together_see_each_other(
    desk: StoreHarness,
) -> None:
    desk.places.left["email"] = 0
    happened = [event(to=JOHN, version=1), event(to=JANE, version=2), event(to=JOHN, version=1)]
    answers = await asyncio.gather(*(desk.post(one) for one in happened))
    states = [await desk.state_of(answer.deliveries[0].id) for answer in answers]
    assert states == ["cancelled: reassigned", "pending", "cancelled: superseded"]


async def test_an_unknown_type_is_kept_and_leads_to_nothing(desk: StoreHarness) -> None:
    answer = await desk.post(event("polished"))
    assert (answer.status, answer.deliveries) == ("ignored", ())
    found = await desk.store.event(answer.events[0])
    assert found is not None
    assert found.status == "ignored"


async def test_without_places_a_delivery_waits_in_the_store(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (delivery,) = (await desk.post(event())).deliveries
    assert delivery.state is State.PENDING
    await desk.store.claim()
    assert desk.taker.batches == []
    desk.places.left["email"] = 1
    desk.store.wake()
    await desk.store.wait_for_work()
    await desk.store.claim()
    assert len(desk.taker.batches) == 1


async def test_a_plan_may_move_what_waits(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (delivery,) = (await desk.post(event())).deliveries
    later = START + HOUR

    def moves(event: Event, memory: Memory, now: Instant) -> Plan:
        return Plan(memory.ticket or TicketState(), move=(Move(delivery.id, later),))

    await desk.post(event("updated"), planner=moves)
    desk.places.left["email"] = 1
    await desk.store.claim()
    assert desk.taker.batches == []
    await desk.advance(HOUR)
    assert len(desk.taker.batches) == 1


async def test_one_bad_plan_fails_alone(desk: StoreHarness) -> None:
    def broken(event: Event, memory: Memory, now: Instant) -> Plan:
        raise ArithmeticError("a defect in planning")

    answers = await asyncio.gather(
        desk.post(event(ticket="1")),
        desk.post(event(ticket="2"), key="bad", planner=broken),
        desk.post(event(ticket="3")),
        return_exceptions=True,
    )
    assert isinstance(answers[1], ArithmeticError)
    listed = await desk.store.events(EventFilter(), ALL)
    recorded = [found.event for found in listed.items if isinstance(found, EventDetail)]
    assert sorted(one.ticket.id for one in recorded) == ["1", "3"]
    mended = await desk.post(event(ticket="2"), key="bad")
    assert mended.status == "accepted"


async def test_too_many_calls_at_once_are_refused_and_keep_nothing(
    tmp_path: Path,
) -> None:
    for name in STORES:
        desk = StoreHarness(name, tmp_path, replace(OPTIONS, max_waiting=3))
        calls = [desk.post(event(ticket=str(number))) for number in range(5)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, StoreBusy)]
        assert len(refused) == 2
        assert len((await desk.store.events(EventFilter(), ALL)).items) == 3
        await desk.store.close()


async def test_waiting_for_work_ends_when_the_next_lane_is_due(desk: StoreHarness) -> None:
    await desk.post(event())
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.REFUSED, next_at=START + MINUTE)
    )
    waiting = asyncio.ensure_future(desk.store.wait_for_work())
    await desk.clock.advance_to(START + MINUTE - 1, desk.store.flush)
    assert not waiting.done()
    await desk.clock.advance_to(START + MINUTE, desk.store.flush)
    await waiting


async def test_waiting_for_work_passes_over_what_the_last_places_are_not_for(
    desk: StoreHarness,
) -> None:
    desk.places.left["email"] = 0
    desk.places.reserve = 1
    await desk.post(event(ticket="1"))
    await desk.store.flush()
    waiting = asyncio.ensure_future(desk.store.wait_for_work())
    await desk.clock.advance_to(START + SECOND, desk.store.flush)
    assert not waiting.done()
    desk.places.reserve = 0
    await desk.post(critical(event(ticket="2", to=JANE)))
    desk.places.reserve = 1
    desk.store.wake()
    await waiting
    await desk.store.claim()
    (batch,) = desk.taker.batches
    assert [member.ticket_number for member in batch.members] == ["2"]


async def test_history_is_listed_newest_first_and_no_row_twice(desk: StoreHarness) -> None:
    for number in range(5):
        await desk.post(event(ticket=str(number)))
    first = await desk.store.deliveries(DeliveryFilter(), Slice(2))
    await desk.post(event(ticket="new"))
    second = await desk.store.deliveries(DeliveryFilter(), Slice(2, first.next_before))
    third = await desk.store.deliveries(DeliveryFilter(), Slice(2, second.next_before))
    seen = [view.ticket_id for view in itertools.chain(first.items, second.items, third.items)]
    assert seen == ["4", "3", "2", "1", "0"]
    assert third.next_before is None


async def test_history_is_filtered(desk: StoreHarness) -> None:
    await desk.post(event(ticket="1"))
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    await desk.advance(HOUR)
    await desk.post(event(ticket="2", to=replace(JANE, phone="+14155550123")))
    await desk.post(event("polished", ticket="2"))

    async def tickets(wanted: DeliveryFilter) -> list[str]:
        page = await desk.store.deliveries(wanted, ALL)
        return sorted(view.ticket_id for view in page.items)

    assert await tickets(DeliveryFilter(states=(State.SENT, State.FAILED))) == ["1"]
    assert await tickets(DeliveryFilter(recipient="jane@example.com")) == ["2"]
    assert await tickets(DeliveryFilter(channel="sms")) == ["2"]
    assert await tickets(DeliveryFilter(ticket="2")) == ["2", "2"]
    assert await tickets(DeliveryFilter(source="default")) == ["1", "2", "2"]
    assert await tickets(DeliveryFilter(source="another")) == []
    assert await tickets(DeliveryFilter(since=START + HOUR)) == ["2", "2"]
    assert await tickets(DeliveryFilter(until=START + HOUR)) == ["1"]

    async def events(wanted: EventFilter) -> int:
        page = await desk.store.events(wanted, ALL)
        return len(page.items)

    assert await events(EventFilter(status="ignored")) == 1
    assert await events(EventFilter(type="ticket.assigned")) == 2
    assert await events(EventFilter(ticket="2")) == 2
    assert await events(EventFilter(source="default", since=START + HOUR)) == 2
    assert await events(EventFilter(until=START)) == 0


@pytest.mark.parametrize("instant", [0, LAST])
async def test_history_is_filtered_by_any_time(desk: StoreHarness, instant: Instant) -> None:
    await desk.post(event())
    found = 1 if instant == 0 else 0
    assert len((await desk.store.events(EventFilter(since=instant), ALL)).items) == found
    assert len((await desk.store.events(EventFilter(until=instant), ALL)).items) == 1 - found
    assert len((await desk.store.deliveries(DeliveryFilter(since=instant), ALL)).items) == found


async def test_what_is_not_there_is_none(desk: StoreHarness) -> None:
    assert await desk.store.event(1) is None
    assert await desk.store.delivery(1) is None


async def test_health_tells_what_waits_since_when(desk: StoreHarness) -> None:
    assert (await desk.store.health()).oldest_pending == {}
    desk.places.left = {"email": 0, "sms": 0}
    await desk.post(event())
    await desk.advance(SECOND)
    await desk.post(event(ticket="124", to=replace(JOHN, phone="+14155550123")))
    health = await desk.store.health()
    since = {"email": START, "sms": START + SECOND}
    assert (health.fault, health.oldest_pending) == (None, since)


class _Endless:
    """A wish for history that is not read to its end before it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __getattr__(self, name: str) -> None:
        self.let_go.wait(60)


async def test_health_waits_for_nobody_who_reads_history(desk: StoreHarness) -> None:
    endless = _Endless()
    reading = asyncio.create_task(desk.store.events(cast(EventFilter, endless), ALL))
    try:
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
            assert (await desk.store.health()).fault is None
            assert (await desk.store.backlog()).waiting == {}
    finally:
        endless.let_go.set()
    assert (await reading).items == ()


async def test_the_backlog_tells_how_much_waits_and_since_when(desk: StoreHarness) -> None:
    assert (await desk.store.backlog()).waiting == {}
    desk.places.left["email"] = 0
    await desk.post(event())
    await desk.advance(SECOND)
    await desk.post(event(ticket="124"))
    backlog = await desk.store.backlog()
    assert (backlog.fault, backlog.waiting) == (None, {"email": (2, START)})


async def test_what_waits_for_a_limit_is_due_when_that_lets_it_go(desk: StoreHarness) -> None:
    for number in range(5):
        await desk.post(event(ticket=f"old-{number}"))
    for batch in desk.taker.batches:
        await desk.settle(batch, OutcomeKind.SENT)
    await desk.advance(SECOND)
    (waits,) = (await desk.post(event(ticket="new"))).deliveries
    assert (await desk.detail(waits.id)).view.due_at == START + MINUTE
    await desk.advance(MINUTE)
    sent = await desk.detail(waits.id)
    assert (sent.view.state, sent.view.due_at) == (State.SENDING, START + SECOND)


async def test_retention_forgets_bodies_ids_and_history_each_in_its_time(
    desk: StoreHarness,
) -> None:
    first = await desk.post(event(), key="one")
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    await desk.advance(31 * DAY)
    await desk.store.sweep()
    assert (await desk.post(event(), key="one")).status == "accepted"
    assert await desk.store.event(first.events[0]) is not None
    await desk.advance(401 * DAY)
    await desk.store.sweep()
    assert await desk.store.event(first.events[0]) is None
    assert (await desk.store.deliveries(DeliveryFilter(states=(State.SENT,)), ALL)).items == ()
