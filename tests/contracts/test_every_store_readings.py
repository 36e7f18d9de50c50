"""What every store promises of calls that become no event, one, or several, as their types say."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from notifier.model.errors import StoreBusy
from notifier.model.events import Event
from notifier.model.plans import Memory, Plan, Snapshot
from notifier.model.times import DAY, HOUR, MINUTE, Instant
from notifier.planning import audience, plan
from notifier.store.answering import NO_EVENT
from notifier.store.base import Accepted
from notifier.store.views import EventDetail, EventFilter, Slice
from tests.store_harness import JANE, JOHN, OPTIONS, POLICY, StoreHarness, event

ALL = Slice(200)

Asked = Callable[[Snapshot | None], Sequence[str]]


def _plan(happened: Event, memory: Memory, now: Instant) -> Plan:
    return plan.plan(happened, memory, POLICY, now)


def told(
    happened: Event,
    types: Asked,
    key: str,
    remember: int | None = None,
    whole: object | None = None,
) -> Accepted:
    named = replace(happened, webhook_id=key)
    return Accepted(
        named,
        b'{"raw": 1}',
        None,
        audience.addresses_of(named, POLICY),
        _plan,
        types=types,
        remember=remember,
        whole=whole,
    )


def state_of_holder(before: Snapshot | None) -> Sequence[str]:
    """Tell as a sender of state does: somebody holds it, and it was nobody or another before."""
    return ["ticket.updated"] if before and before["assignee"] else ["ticket.assigned"]


async def kept(desk: StoreHarness) -> list[EventDetail]:
    """Give all events, oldest first."""
    page = await desk.store.events(EventFilter(), ALL)
    return [one for one in reversed(page.items) if isinstance(one, EventDetail)]


async def test_types_see_what_was_last_known_of_the_ticket(desk: StoreHarness) -> None:
    asked: list[Snapshot | None] = []

    def types(before: Snapshot | None) -> Sequence[str]:
        asked.append(before)
        return ["ticket.assigned"] if len(asked) == 1 else ["ticket.resolved"]

    first = await desk.store.record(told(event(to=JOHN, version=4), types, "one"))
    await desk.store.record(told(event(to=None), types, "two"))
    await desk.store.record(told(event(to=None), types, "three"))
    await desk.store.record(told(event(ticket="another"), types, "four"))
    nothing, held, closed, other = asked
    assert (nothing, other) == (None, None)
    assert held is not None
    assert held["type"] == "ticket.assigned"
    assert held["ticket"]["version"] == 4
    assert held["assignee"]["email"] == "john@example.com"
    assert held["actor"]["name"] == "Administrator"
    assert (held["requester"], held["closed"]) == (None, False)
    # The second event named nobody; John holds the ticket all the same.
    assert closed is not None
    assert (closed["type"], closed["closed"]) == ("ticket.resolved", True)
    assert closed["assignee"]["email"] == "john@example.com"
    assert (first.status, first.types) == ("accepted", ("ticket.assigned",))
    assert first.events == (first.event_id,)


async def test_two_calls_of_one_ticket_in_one_tick_see_each_other(desk: StoreHarness) -> None:
    answers = await asyncio.gather(
        *(desk.store.record(told(event(), state_of_holder, f"call {n}")) for n in range(5))
    )
    assert [one.types for one in answers] == [("ticket.assigned",)] + [("ticket.updated",)] * 4
    assert [len(one.deliveries) for one in answers] == [1, 0, 0, 0, 0]


async def test_they_see_what_a_call_that_has_its_type_changed(desk: StoreHarness) -> None:
    native, typed = await asyncio.gather(
        desk.post(event()), desk.store.record(told(event(), state_of_holder, "one"))
    )
    assert (native.status, typed.types) == ("accepted", ("ticket.updated",))


async def test_a_ticket_whose_events_are_forgotten_is_still_known(desk: StoreHarness) -> None:
    await desk.post(event("unassigned", to=None))
    await desk.advance(OPTIONS.keep_deliveries + DAY)
    await desk.store.sweep()
    assert await kept(desk) == []
    asked: list[Snapshot | None] = []

    def types(before: Snapshot | None) -> Sequence[str]:
        asked.append(before)
        return []

    await desk.store.record(told(event(at=desk.clock.now()), types, "one"))
    (before,) = asked
    assert before is not None
    assert (before["ticket"], before["type"], before["closed"]) == (None, None, False)


async def test_without_types_nothing_but_the_id_is_kept(desk: StoreHarness) -> None:
    call = told(event(), lambda _: [], "one")
    first, same = await asyncio.gather(desk.store.record(call), desk.store.record(call))
    again = await desk.store.record(call)
    assert (first.event_id, first.status, first.note, first.events) == (
        None,
        "ignored",
        NO_EVENT,
        (),
    )
    for repeat in (same, again):
        assert (repeat.event_id, repeat.status, repeat.events) == (None, "duplicate", ())
    assert await kept(desk) == []
    # Not even the ticket: the next call is the first that names it.
    answer = await desk.store.record(
        told(event(), lambda before: ["ticket.created"] if before is None else [], "two")
    )
    assert answer.types == ("ticket.created",)


async def test_several_types_are_several_events_planned_in_order(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    call = told(event(to=JOHN), lambda _: ["ticket.assigned", "ticket.resolved"], "key")
    first, same = await asyncio.gather(desk.store.record(call), desk.store.record(call))
    again = await desk.store.record(call)
    one, two = await kept(desk)
    assert (one.event.type, one.event.webhook_id) == ("ticket.assigned", "key")
    assert (two.event.type, two.event.webhook_id) == ("ticket.resolved", "key ticket.resolved")
    assert first.events == (one.id, two.id)
    assert first.types == ("ticket.assigned", "ticket.resolved")
    assert (first.event_id, first.status) == (one.id, "accepted")
    assert first.note == "nobody is told of this type"
    # The second withdrew what the first had planned.
    assert [view.state for view in first.deliveries] == ["cancelled"]
    for repeat in (same, again):
        assert (repeat.status, repeat.event_id, repeat.events) == (
            "duplicate",
            one.id,
            first.events,
        )
        assert [view.id for view in repeat.deliveries] == [view.id for view in first.deliveries]


async def test_the_items_of_a_call_are_recorded_in_order(desk: StoreHarness) -> None:
    whole = object()
    assigned: Asked = lambda _: ["ticket.assigned"]  # noqa: E731
    calls = [
        told(event(ticket="1"), lambda _: [], "a", whole=whole),
        told(event(ticket="2"), assigned, "b", whole=whole),
        told(event(ticket="3", to=JANE), assigned, "c", whole=whole),
        told(event(ticket="3", to=JANE), assigned, "c", whole=whole),
    ]
    answers = await desk.store.record_all(calls)
    assert [one.status for one in answers] == ["ignored", "accepted", "accepted", "duplicate"]
    assert [one.event.ticket.id for one in await kept(desk)] == ["2", "3"]
    assert await desk.store.record_all([]) == []


async def test_items_for_which_there_is_no_room_are_refused_whole(desk: StoreHarness) -> None:
    waiting = [
        asyncio.create_task(desk.post(event(ticket=str(n)))) for n in range(OPTIONS.max_waiting)
    ]
    await asyncio.sleep(0)
    with pytest.raises(StoreBusy):
        await desk.store.record_all([told(event(), state_of_holder, "one")])
    await asyncio.gather(*waiting)
    assert len(await desk.store.record_all([told(event(), state_of_holder, "one")])) == 1


async def test_whatever_comes_under_the_id_is_a_repeat_unless_bodies_count(
    desk: StoreHarness,
) -> None:
    call = told(event(), state_of_holder, "one")
    first = await desk.store.record(call)
    other = replace(call, body=b"another one", event=replace(call.event, type="ticket.closed"))
    assert (await desk.store.record(other)).status == "duplicate"
    strict = replace(call, body_hash=hashlib.sha256(b"x").digest())
    assert (await desk.store.record(strict)).status == "conflict"
    assert [one.id for one in await kept(desk)] == list(first.events)


async def test_an_id_is_known_for_as_long_as_the_call_says(desk: StoreHarness) -> None:
    call = told(event(), lambda _: ["ticket.updated"], "one", remember=HOUR)
    first = await desk.store.record(call)
    await desk.advance(HOUR - MINUTE)
    assert (await desk.store.record(call)).status == "duplicate"
    await desk.advance(MINUTE)
    # Nobody swept yet; the first of two is new, and the second its repeat.
    second, same = await asyncio.gather(desk.store.record(call), desk.store.record(call))
    assert (second.status, same.status) == ("accepted", "duplicate")
    assert second.event_id == same.event_id != first.event_id
    assert (await desk.store.record(call)).event_id == second.event_id
    await desk.advance(HOUR)
    await desk.store.sweep()
    assert (await desk.store.record(call)).status == "accepted"


async def test_after_a_call_of_several_events_a_later_one_is_the_last(desk: StoreHarness) -> None:
    asked: list[Snapshot | None] = []

    def types(before: Snapshot | None) -> Sequence[str]:
        asked.append(before)
        return ["ticket.updated"] if before else ["ticket.created", "ticket.assigned"]

    first, second = await desk.store.record_all(
        [told(event(version=1), types, "one"), told(event(version=2), types, "two")]
    )
    third = await desk.store.record(told(event(version=3), types, "three"))
    assert first.events < second.events < third.events
    last = asked[-1]
    assert last is not None
    assert (last["type"], last["ticket"]["version"]) == ("ticket.updated", 2)
    again = await desk.store.record(told(event(version=2), types, "two"))
    assert (again.status, again.events) == ("duplicate", second.events)
