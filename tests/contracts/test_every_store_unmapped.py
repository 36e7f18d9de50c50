"""What every store promises of calls that no event could be made of."""

import hashlib
from dataclasses import replace

from notifier.model.times import HOUR, MINUTE
from notifier.store.views import EventDetail, EventFilter, RawCall, Slice, UnmappedCall
from tests.store_harness import OPTIONS, StoreHarness, event

ALL = Slice(200)
RAW = RawCall("PUT", b"a=1", ((b"x-kind", b"t\xe9st"), (b"x-kind", b"2")), b"\xff\x00 not JSON")
CALL = UnmappedCall("zammad", hashlib.sha256(b"1").digest(), "the body is no JSON", RAW)


def other(number: int) -> UnmappedCall:
    return replace(CALL, digest=hashlib.sha256(str(number).encode()).digest())


async def statuses(desk: StoreHarness, **wanted: str) -> list[str]:
    page = await desk.store.events(EventFilter(**wanted), ALL)  # type: ignore[arg-type]
    return [one.status for one in page.items]


async def test_a_call_is_kept_as_it_came(desk: StoreHarness) -> None:
    number = await desk.store.keep(CALL)
    found = await desk.store.raw_call(number)
    assert found is not None
    detail, raw = found
    assert raw == RAW
    assert (detail.id, detail.status, detail.source) == (number, "unmapped", "zammad")
    assert (detail.note, detail.accepted_at, detail.body) == (CALL.note, desk.clock.now(), True)
    assert await desk.store.event(number) is None
    recorded = await desk.post(event())
    assert await desk.store.raw_call(recorded.events[0]) is None


async def test_history_has_calls_and_events_in_one_list_newest_first(desk: StoreHarness) -> None:
    expected: list[int] = []
    for number in range(6):
        await desk.advance(MINUTE)
        if number % 3:
            expected.append(await desk.store.keep(other(number)))
        else:
            expected += (await desk.post(event(ticket=str(number)))).events
    expected.reverse()
    for limit in (1, 2, 4, 6):
        found: list[int] = []
        before = None
        while True:
            page = await desk.store.events(EventFilter(), Slice(limit, before))
            found += [one.id for one in page.items]
            before = page.next_before
            if before is None:
                break
        assert found == expected
    assert await statuses(desk, status="unmapped") == ["unmapped"] * 4
    assert await statuses(desk, status="accepted") == ["accepted"] * 2
    assert await statuses(desk, status="replayed") == []
    assert await statuses(desk, source="zammad") == ["unmapped"] * 4
    assert await statuses(desk, source="default") == ["accepted"] * 2
    assert await statuses(desk, type="ticket.assigned") == ["accepted"] * 2
    assert await statuses(desk, ticket="3") == ["accepted"]


async def test_the_same_call_within_the_hour_is_one_row(desk: StoreHarness) -> None:
    first = await desk.store.keep(CALL)
    await desk.advance(HOUR - MINUTE)
    assert await desk.store.keep(CALL) == first
    assert await desk.store.keep(replace(CALL, source="glpi")) != first
    await desk.store.replayed(first, "read again as evt_1", mapped=True)
    # What was read meanwhile, and cannot be read again, is something new.
    second = await desk.store.keep(CALL)
    assert second != first
    await desk.advance(HOUR + MINUTE)
    assert await desk.store.keep(CALL) not in (first, second)


async def test_what_came_of_it_is_noted_once(desk: StoreHarness) -> None:
    number = await desk.store.keep(CALL)
    await desk.store.replayed(number, "still no JSON", mapped=False)
    assert await statuses(desk) == ["unmapped"]
    await desk.store.replayed(number, "read again as evt_1", mapped=True)
    await desk.store.replayed(number, "still no JSON", mapped=False)
    found = await desk.store.raw_call(number)
    assert found is not None
    assert (found[0].status, found[0].note) == ("replayed", "read again as evt_1")


async def test_what_it_was_is_erased_before_that_it_was(desk: StoreHarness) -> None:
    old = await desk.store.keep(CALL)
    await desk.advance(OPTIONS.keep_bodies - HOUR)
    new = await desk.store.keep(other(2))
    await desk.advance(2 * HOUR)
    await desk.store.sweep()
    gone, kept = await desk.store.raw_call(old), await desk.store.raw_call(new)
    assert gone is not None
    assert kept is not None
    assert (gone[0].body, gone[1]) == (False, None)
    assert kept[1] == RAW
    await desk.advance(OPTIONS.keep_deliveries - OPTIONS.keep_bodies)
    await desk.store.sweep()
    assert await desk.store.raw_call(old) is None
    assert await desk.store.raw_call(new) is not None
    await desk.advance(OPTIONS.keep_bodies)
    await desk.store.sweep()
    assert await desk.store.raw_call(new) is None


async def test_ids_go_on_after_a_restart(desk: StoreHarness) -> None:
    number = await desk.store.keep(CALL)
    await desk.restart()
    recorded = await desk.post(event())
    assert recorded.events[0] > number
    page = await desk.store.events(EventFilter(), ALL)
    assert [isinstance(one, EventDetail) for one in page.items] == [True, False]


async def test_the_same_call_after_it_was_erased_is_kept_anew(desk: StoreHarness) -> None:
    numbers = (await desk.post(event())).deliveries
    person = (await desk.detail(numbers[0].id)).view.person_id
    assert person is not None
    call = replace(CALL, raw=replace(RAW, body=b"for john@example.com"))
    first = await desk.store.keep(call)
    await desk.store.erase(person)
    second = await desk.store.keep(call)
    assert second != first
    found = await desk.store.raw_call(second)
    assert found is not None
    assert found[1] == call.raw
