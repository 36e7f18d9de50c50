"""From a body to readings, by the expressions of a source."""

import json
from typing import Any

import pytest

from notifier.model.errors import ConfigurationError, Unmapped
from notifier.model.events import Party, Priority
from notifier.model.times import DAY, HOUR, MINUTE, from_text, to_text
from notifier.sources import definition
from notifier.sources.call import Call, Reading
from notifier.sources.configured import ConfiguredSource
from tests.unit.sources.examples import NOW, whole

TABLE: dict[str, Any] = {
    "desk_url": "https://desk.example.com",
    "dedupe": {"key": ["item.call", "headers['x-call']"], "window": "7d", "body_window": "10m"},
    "map": {
        "let": {"closed": "item.state in ['closed', 'merged']"},
        "events": {
            "ticket.created": "item.event == 'new'",
            "ticket.assigned": "assignee and item.event in ['new', 'assigned']",
            "ticket.resolved": "closed",
        },
        "fields": {
            "ticket.id": "item.id",
            "ticket.title": "item.title",
            "ticket.url": "source.desk_url ~ '/t/' ~ item.id",
            "ticket.priority": "item.priority",
            "ticket.version": "item.version",
            "occurred_at": "item.at",
            "assignee.id": "item.owner",
            "assignee.login": "item.login",
            "actor.name": "item.by",
        },
        "priorities": {"P1": "critical"},
    },
}
STATE: dict[str, Any] = {
    "map": {
        "otherwise": "ticket.updated",
        "events": {
            "ticket.assigned": "assignee and prev.assignee.id != assignee.id",
            "ticket.reopened": "prev.closed and item.state == 'open'",
        },
    }
}


TYPE = "ticket.updated"


class Nobody:
    """Lets everybody in."""

    confidential = frozenset({"x-token"})

    def verify(self, call: Call, now: int) -> None:
        """Find nothing wrong."""


def source(*more: dict[str, Any]) -> ConfiguredSource:
    table = TABLE
    for one in more:
        table = definition.merged(table, one)
    return ConfiguredSource("desk", definition.read("desk", table), Nobody())


def read(body: Any, *more: dict[str, Any], call: str = "", query: bytes = b"") -> list[Reading]:
    headers = ((b"x-call", call.encode()),) if call else ()
    sent = Call(headers, json.dumps(body).encode(), query=query)
    return list(source(*more).read(sent, NOW))


def types(reading: Reading, before: Any = None) -> list[str]:
    assert reading.types is not None
    return list(reading.types(before))


def test_a_body_becomes_an_event_with_its_fields() -> None:
    body = {
        "event": "new",
        "id": 5,
        "title": " Printer ",
        "priority": "p1",
        "version": 7,
        "at": "2026-11-23T08:00:00Z",
        "owner": 7,
        "login": "ana",
        "by": "Administrator",
    }
    (reading,) = read(body, call="call-1")
    event = reading.event
    assert types(reading) == ["ticket.created", "ticket.assigned"]
    assert (event.source, event.webhook_id, reading.remember) == ("desk", "call-1", 7 * DAY)
    ticket = event.ticket
    assert (ticket.id, ticket.number, ticket.title) == ("5", "5", "Printer")
    assert (ticket.priority, ticket.version) == (Priority.CRITICAL, 7)
    assert ticket.url == "https://desk.example.com/t/5"
    assert event.occurred_at == from_text("2026-11-23T08:00:00Z")
    assert event.assignee == Party(id="7", login="ana")
    assert (event.requester, event.actor) == (None, Party(name="Administrator"))
    assert not reading.exact


def test_what_is_not_said_has_a_default() -> None:
    (reading,) = read({"event": "new", "id": 5})
    event = reading.event
    assert types(reading) == ["ticket.created"]
    assert (event.ticket.title, event.ticket.priority) == ("(no title)", Priority.MEDIUM)
    assert (event.occurred_at, event.assignee, event.ticket.version) == (NOW, None, None)


def test_nothing_happens_after_it_was_told() -> None:
    (reading,) = read({"event": "new", "id": 5, "at": "2030-01-01T00:00:00Z"})
    assert reading.event.occurred_at == NOW + 1000


def test_without_an_id_of_its_own_a_call_is_known_by_its_body() -> None:
    (one,) = read({"event": "new", "id": 5})
    (same,) = read({"event": "new", "id": 5})
    (other,) = read({"event": "new", "id": 6})
    assert one.event.webhook_id == same.event.webhook_id != other.event.webhook_id
    assert one.remember == 10 * MINUTE


@pytest.mark.parametrize("key", ["x" * 201, "Grüße", "a\nb"])
def test_an_id_that_is_no_id_is_kept_as_its_hash(key: str) -> None:
    (reading,) = read({"event": "new", "id": 5, "call": key})
    assert len(reading.event.webhook_id) == 64
    assert reading.remember == 7 * DAY


def test_the_first_key_that_says_something_counts() -> None:
    (reading,) = read({"event": "new", "id": 5, "call": "mine"}, call="header")
    assert reading.event.webhook_id == "mine"


def test_noise_gives_nothing() -> None:
    assert read({"event": "ping"}) == []
    assert read({"event": "other", "id": 5}) == []
    assert read({"event": "new", "id": 5}, {"ignore": "body.event == 'new'"}) == []
    assert read({}, STATE) == []


def test_an_event_without_a_ticket_says_what_is_missing() -> None:
    with pytest.raises(Unmapped, match=r'ticket.created without a ticket: map.fields."ticket.id"'):
        read({"event": "new"})


# -- several of them ------------------------------------------------------------------------

BATCH = {"map": {"each": "body"}}


def test_a_batch_gives_a_reading_for_each_item_that_means_something() -> None:
    items = [{"event": "new", "id": 1}, {"event": "noise", "id": 2}, {"event": "new", "id": 3}]
    readings = read(items, BATCH)
    assert [one.event.ticket.id for one in readings] == ["1", "3"]
    assert len({one.event.webhook_id for one in readings}) == 2
    (again,) = read([items[2], items[1]], BATCH)
    assert again.event.webhook_id == readings[1].event.webhook_id


def test_an_id_of_the_whole_call_makes_no_repeats_of_the_items_of_a_batch() -> None:
    items = [{"event": "new", "id": 1}, {"event": "new", "id": 2}, {"event": "new", "id": 1}]
    first, second, same = read(items, BATCH, call="call-1")
    assert first.event.webhook_id == same.event.webhook_id == "call-1"
    assert len(second.event.webhook_id) == 64
    assert [one.event.webhook_id for one in read(items, BATCH, call="call-1")] == [
        "call-1",
        second.event.webhook_id,
        "call-1",
    ]
    other = read(items, BATCH, call="call-2")[1]
    assert other.event.webhook_id != second.event.webhook_id


def test_one_body_with_another_event_in_a_header_is_no_repeat() -> None:
    mapping = {"let": {"kind": "headers['x-kind']"}, "events": {"ticket.created": "query.new"}}
    table = definition.read(
        "desk", {"map": {**mapping, "fields": {"ticket.id": "body.id"}, "otherwise": TYPE}}
    )
    desk = ConfiguredSource("desk", table, Nobody())

    def key(kind: bytes, query: bytes = b"", other: bytes = b"") -> str:
        headers = ((b"x-kind", kind), (b"x-other", other))
        (reading,) = desk.read(Call(headers, b'{"id": 5}', query=query), NOW)
        return reading.event.webhook_id

    assert key(b"a") == key(b"a", b"token=1", b"x")
    assert len({key(b"a"), key(b"b"), key(b"a", b"new=1")}) == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [({"event": "new"}, "map.each gives no list"), ([{}] * 501, "501 items, more than 500")],
)
def test_a_batch_that_is_none_says_so(body: Any, said: str) -> None:
    with pytest.raises(Unmapped, match=said):
        read(body, BATCH)


# -- senders of state -----------------------------------------------------------------------


def test_conditions_may_ask_what_was_known_before() -> None:
    (reading,) = read({"id": 5, "owner": 7, "state": "open"}, STATE)
    assert types(reading) == ["ticket.assigned"]
    assert types(reading, {"assignee": {"id": "7"}, "closed": False}) == ["ticket.updated"]
    assert types(reading, {"assignee": None, "closed": True}) == [
        "ticket.assigned",
        "ticket.reopened",
    ]


def test_what_was_known_before_is_nothing_that_fields_may_ask() -> None:
    with pytest.raises(ConfigurationError, match=r'sources.desk.map.fields."ticket.id": there is'):
        source({"map": {"fields": {"ticket.id": "prev.ticket.id"}}})


# -- native bodies --------------------------------------------------------------------------

NATIVE: dict[str, Any] = {
    "shape": "native",
    "map": {"events": {}, "fields": {}},
    "dedupe": {"key": ["headers['x-call']"]},
}


def native(body: Any, call: str = "") -> list[Reading]:
    made = ConfiguredSource(
        "desk", definition.read("desk", {"shape": "native", "dedupe": NATIVE["dedupe"]}), Nobody()
    )
    headers = ((b"x-call", call.encode()),) if call else ()
    return list(made.read(Call(headers, json.dumps(body).encode()), NOW))


def test_a_native_body_needs_no_expressions() -> None:
    (reading,) = native(whole(), "call-1")
    assert (reading.event.type, reading.event.webhook_id) == ("ticket.assigned", "call-1")
    assert (reading.types, reading.remember) == (None, 30 * DAY)
    (by_body,) = native(whole())
    assert by_body.remember == HOUR


def test_a_native_body_of_the_wrong_shape_is_kept_with_every_fault() -> None:
    with pytest.raises(Unmapped, match=r"type: is required; data.ticket.title: is required"):
        native({"data": {"ticket": {"id": 1}}})


def test_a_native_body_may_have_the_priorities_and_times_of_its_help_desk() -> None:
    table = {"shape": "native", "map": {"priorities": {"P1": "critical"}}}
    made = ConfiguredSource("desk", definition.read("desk", table), Nobody())
    body = whole()
    body["timestamp"] = "2026-11-23 08:59:00"
    body["data"]["ticket"] |= {"priority": "p1", "version": "2026-11-23 08:59:00"}
    (reading,) = made.read(Call((), json.dumps(body).encode()), NOW)
    assert reading.event.ticket.priority == "critical"
    assert reading.event.ticket.version == "2026-11-23T08:59:00.000Z"
    assert to_text(reading.event.occurred_at) == "2026-11-23T08:59:00.000Z"
    body["data"]["ticket"]["priority"] = "whenever"
    body["timestamp"] = "yesterday"
    (reading,) = made.read(Call((), json.dumps(body).encode()), NOW)
    assert (reading.event.ticket.priority, reading.event.occurred_at) == ("medium", NOW)


@pytest.mark.parametrize("body", [1, {"data": 1}, {"data": {"ticket": 1}}], ids=str)
def test_a_native_body_that_has_no_ticket_is_kept_as_it_is(body: Any) -> None:
    with pytest.raises(Unmapped):
        native(body)


# -- what cannot work -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ignore": "x("}, "ignore: "),
        ({"map": {"each": "item"}}, "map.each: there is no name item"),
        ({"map": {"let": {"closed": "body ** 2"}}}, "map.let.closed: the operator **"),
        ({"map": {"events": {"ticket.closed": "nope"}}}, 'map.events."ticket.closed": there is'),
        ({"dedupe": {"key": ["item.a", "nope"]}}, "dedupe.key.1: there is no name nope"),
        ({"map": {"fields": {"ticket.id": ""}}}, 'map.fields: say what "ticket.id" is'),
        (
            {"map": {"events": dict.fromkeys(TABLE["map"]["events"], "")}},
            "map.events: say when there is an event",
        ),
        ({"shape": "native"}, "map: leave it out where shape = "),
    ],
)
def test_what_cannot_work_is_said_before_the_first_call(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        source(more)
    assert f"sources.desk.{said}" in str(caught.value)


def test_all_that_cannot_work_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        source(
            {"ignore": "x", "map": {"fields": {"ticket.id": "y"}, "events": {"ticket.closed": "z"}}}
        )
    assert len(str(caught.value).splitlines()) == 3


def test_a_configured_source_says_what_it_is() -> None:
    made = source({"methods": ["PUT"], "success": 204, "max_body": "2MiB"})
    made.verify(Call((), b""), NOW)
    assert (made.name, made.success_status, made.max_body) == ("desk", 204, 2 * 1024**2)
    assert set(made.methods) == {"PUT"}
    assert set(made.confidential) == {"x-token"}


def test_expressions_know_the_query_and_the_source() -> None:
    more = {"map": {"fields": {"ticket.title": "source.name ~ ' ' ~ query.q"}}}
    (reading,) = read({"event": "new", "id": 5}, more, query=b"q=hello")
    assert reading.event.ticket.title == "desk hello"
