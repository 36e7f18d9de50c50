"""What intake makes of a source that reads none, one or several items, or cannot read a call."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from notifier.intake import Intake, Refusal
from notifier.model import ids
from notifier.model.errors import BadPayload, StoreBusy, UnknownSource, Unmapped
from notifier.model.events import Event, Party, Ticket
from notifier.model.plans import Snapshot
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, Instant
from notifier.sources.call import Call, Reading, Source
from notifier.store.base import Accepted, Recorded, Store
from notifier.store.sqlite import SqliteStore
from notifier.store.views import EventDetail, EventFilter, Slice, UnmappedDetail
from tests.store_harness import OPTIONS, POLICY, StoreHarness

ALL = Slice(200)
JOHN = Party(id="7", name="John Smith", email="john@example.com")

Read = Callable[[Call, Instant], Sequence[Reading]]


class Scripted:
    """A source that reads as it is told, and takes everybody's calls."""

    name = "zammad"
    success_status = 200
    confidential = frozenset({"x-token", "?key"})

    def __init__(self, read: Read) -> None:
        self.read_by = read

    def verify(self, call: Call, now: Instant) -> None:
        pass

    def read(self, call: Call, now: Instant) -> Sequence[Reading]:
        return self.read_by(call, now)


def item(
    key: str, *types: str, ticket: str = "1", at: Instant = 0, to: Party | None = JOHN
) -> Reading:
    """Give an item that becomes events of these types."""
    facts = Ticket(ticket, "Printer Not Working", ticket)
    event = Event("zammad", key, "ticket.updated", at, facts, assignee=to)
    return Reading(event, lambda _: types, HOUR)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness("sqlite", tmp_path)
    yield harness
    await harness.store.close()


class Watched(SqliteStore):
    """The store of a desk, which shows what it is asked for, and has room for so many batches."""

    def __init__(self, store: SqliteStore, room: int = 0) -> None:
        self.__dict__.update(store.__dict__)
        self.asked: list[Accepted] = []
        self.room = room

    async def record(self, call: Accepted) -> Recorded:
        self.asked.append(call)
        return await super().record(call)

    async def record_all(self, calls: Sequence[Accepted]) -> Sequence[Recorded]:
        if not self.room:
            raise StoreBusy("too many calls wait for their commit")
        self.room -= 1
        return await super().record_all(calls)


class Door:
    """An intake with what it counted, and one source that reads as it is told."""

    def __init__(self, desk: StoreHarness, read: Read, store: Store | None = None) -> None:
        self.counted: list[tuple[str, str, str]] = []
        self.source = Scripted(read)
        self.intake = Intake(store or desk.store, POLICY, desk.clock, self.count)

    def count(self, source: str, kind: str, status: str) -> None:
        self.counted.append((source, kind, status))

    async def post(self, body: bytes = b"{}") -> Recorded:
        headers = ((b"x-token", b"secret"), (b"x-kind", b"test"), (b"cookie", b"secret"))
        call = Call(headers, body, "PUT", b"key=secret&a=1", "secret", "192.0.2.7")
        return await self.intake.receive(self.source, call)

    async def replay(self, number: int) -> Recorded | Refusal | None:
        return await self.intake.replay(number, self.find)

    def find(self, name: str) -> Source:
        if name != "zammad":
            raise UnknownSource(name)
        return self.source


def refuse(call: Call, now: Instant) -> Sequence[Reading]:
    raise Unmapped("map.each gives no list")


async def history(desk: StoreHarness) -> list[EventDetail | UnmappedDetail]:
    return list(reversed((await desk.store.events(EventFilter(), ALL)).items))


async def test_a_call_of_no_concern_is_ignored_and_leaves_nothing(desk: StoreHarness) -> None:
    door = Door(desk, lambda call, now: [])
    answer = await door.post()
    assert (answer.event_id, answer.status, answer.events) == (None, "ignored", ())
    assert answer.note == "no event of the source applies, its ignore does, or no ticket is named"
    assert door.counted == [("zammad", "none", "ignored")]
    assert await history(desk) == []


async def test_an_item_without_types_is_ignored_and_its_repeat_is_one(desk: StoreHarness) -> None:
    door = Door(desk, lambda call, now: [item("one")])
    answers = [await door.post(), await door.post()]
    assert [one.status for one in answers] == ["ignored", "duplicate"]
    assert door.counted == [("zammad", "none", "ignored"), ("zammad", "none", "duplicate")]


async def test_several_types_are_counted_each(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(desk, lambda call, now: [item("one", "ticket.assigned", "ticket.resolved")])
    with caplog.at_level(logging.INFO):
        answer = await door.post()
    assert [view.state for view in answer.deliveries] == [State.CANCELLED]
    assert door.counted == [
        ("zammad", "ticket.assigned", "accepted"),
        ("zammad", "ticket.resolved", "accepted"),
    ]
    (line,) = [one.__dict__ for one in caplog.records if one.name == "notifier.intake"]
    assert line["event"] == ids.public("evt", answer.events[0])


async def test_an_address_that_is_suppressed_is_left_alone_whatever_type_it_gets(
    desk: StoreHarness,
) -> None:
    watched = Watched(desk.store)
    door = Door(desk, lambda call, now: [item("one", "ticket.assigned")], watched)
    await door.post()
    assert watched.asked[0].addresses == (("email", "john@example.com"),)


@pytest.mark.parametrize(
    ("items", "status", "statuses"),
    [
        ([item("a", "ticket.assigned"), item("b")], "accepted", 1),
        ([item("a"), item("b")], "ignored", 0),
        ([item("a"), item("a")], "ignored", 0),
    ],
)
async def test_the_answer_to_several_items_is_the_best_of_them(
    desk: StoreHarness, items: list[Reading], status: str, statuses: int
) -> None:
    door = Door(desk, lambda call, now: items)
    first, again = await door.post(), await door.post()
    assert (first.status, again.status) == (status, "duplicate")
    assert len(first.events) == statuses
    assert again.events == first.events
    assert again.event_id == first.event_id


async def test_a_large_batch_is_recorded_in_order_with_its_body_once(desk: StoreHarness) -> None:
    items = [item(str(n), "ticket.updated", ticket=str(n)) for n in range(150)]
    answer = await Door(desk, lambda call, now: items).post(b'{"batch": 1}')
    assert len(answer.events) == 150
    assert list(answer.events) == sorted(answer.events)
    found = [one for one in await history(desk) if isinstance(one, EventDetail)]
    assert [one.event.ticket.id for one in found] == [str(n) for n in range(150)]


async def test_what_fails_half_way_is_found_as_a_repeat(desk: StoreHarness) -> None:
    items = [item(str(n), "ticket.updated", ticket=str(n)) for n in range(100)]
    watched = Watched(desk.store, room=1)
    door = Door(desk, lambda call, now: items, watched)
    with pytest.raises(StoreBusy):
        await door.post()
    watched.room = 2
    answer = await door.post()
    assert (answer.status, len(answer.events)) == ("accepted", 100)
    assert len(await history(desk)) == 100


async def test_a_call_that_cannot_be_read_is_kept_without_its_secrets(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    door = Door(desk, refuse)
    with caplog.at_level(logging.INFO):
        answer = await door.post(b"nonsense")
        again = await door.post(b"nonsense")
    assert answer.event_id is not None
    assert (answer.status, answer.note) == ("unmapped", "map.each gives no list")
    assert (answer.events, again.events) == ((answer.event_id,), (answer.event_id,))
    assert door.counted == [("zammad", "none", "unmapped")] * 2
    found = await desk.store.raw_call(answer.event_id)
    assert found is not None
    raw = found[1]
    assert raw is not None
    assert (raw.method, raw.query, raw.body) == ("PUT", b"a=1", b"nonsense")
    assert raw.headers == ((b"x-kind", b"test"),)
    assert "secret" not in caplog.text
    (line, _) = [one.__dict__ for one in caplog.records if one.name == "notifier.intake"]
    assert (line["action"], line["cause"]) == ("webhook.unmapped", "map.each gives no list")


async def test_a_kept_call_is_read_again_as_if_it_had_come_then(desk: StoreHarness) -> None:
    door = Door(desk, refuse)
    kept = (await door.post()).events[0]
    arrived = desk.clock.now()
    await desk.advance(HOUR)
    door.source.read_by = lambda call, now: [
        item(call.header("x-kind")[0].decode(), "ticket.assigned", at=now)
    ]
    answer = await door.replay(kept)
    assert isinstance(answer, Recorded)
    assert answer.status == "accepted"
    unmapped, event = await history(desk)
    assert isinstance(event, EventDetail)
    assert (event.event.webhook_id, event.event.occurred_at) == ("test", arrived)
    assert isinstance(unmapped, UnmappedDetail)
    assert unmapped.status == "replayed"
    assert unmapped.note == f"read again as {ids.public('evt', event.id)}: accepted"
    again = await door.replay(kept)
    assert again == Refusal("wrong_state", f"the call was read already: {unmapped.note}")


async def test_what_came_again_meanwhile_makes_it_a_repeat(desk: StoreHarness) -> None:
    door = Door(desk, refuse)
    kept = (await door.post()).events[0]
    door.source.read_by = lambda call, now: [item("one", "ticket.assigned")]
    first = await door.post()
    answer = await door.replay(kept)
    assert isinstance(answer, Recorded)
    assert (answer.status, answer.events) == ("duplicate", first.events)
    assert len(await history(desk)) == 2


async def test_what_is_of_no_concern_after_all_is_replayed_too(desk: StoreHarness) -> None:
    door = Door(desk, refuse)
    kept = (await door.post()).events[0]
    door.source.read_by = lambda call, now: []
    answer = await door.replay(kept)
    assert isinstance(answer, Recorded)
    assert answer.status == "ignored"
    (found,) = await history(desk)
    assert (found.status, found.note) == ("replayed", "read again: ignored")


@pytest.mark.parametrize("error", [Unmapped("no ticket"), BadPayload("no ticket")])
async def test_what_still_cannot_be_read_says_the_new_reason(
    desk: StoreHarness, error: Exception
) -> None:
    door = Door(desk, refuse)
    kept = (await door.post()).events[0]

    def fails(call: Call, now: Instant) -> Sequence[Reading]:
        raise error

    door.source.read_by = fails
    answer = await door.replay(kept)
    assert isinstance(answer, Recorded)
    assert (answer.status, answer.event_id, answer.note) == ("unmapped", kept, "no ticket")
    (found,) = await history(desk)
    assert (found.status, found.note) == ("unmapped", "no ticket")


async def test_what_cannot_be_read_again_at_all(desk: StoreHarness) -> None:
    door = Door(desk, refuse)
    assert await door.replay(1) is None
    kept = (await door.post()).events[0]
    door.source.name = "renamed"
    other = (await door.post()).events[0]
    assert other != kept
    with pytest.raises(UnknownSource):
        await door.replay(other)
    await desk.advance(OPTIONS.keep_bodies + DAY)
    await desk.store.sweep()
    answer = await door.replay(kept)
    assert answer == Refusal("gone", "the call was erased: it is older than RETENTION_BODIES")


async def test_types_are_asked_with_what_was_known(desk: StoreHarness) -> None:
    asked: list[Snapshot | None] = []

    def types(before: Snapshot | None) -> Sequence[str]:
        asked.append(before)
        return ["ticket.assigned"]

    event = item("one").event
    door = Door(desk, lambda call, now: [Reading(event, types), Reading(event, types)])
    answer = await door.post()
    assert asked == [None]
    assert (answer.status, answer.events) == ("accepted", (answer.event_id,))
    assert len(answer.deliveries) == 1


async def test_calls_that_differ_by_a_header_only_are_both_kept(desk: StoreHarness) -> None:
    door = Door(desk, refuse)
    calls = [Call(((b"ce-id", name),), b"{}") for name in (b"1", b"2", b"1")]
    one, other, again = [await door.intake.receive(door.source, call) for call in calls]
    assert one.events != other.events
    assert again.events == one.events
