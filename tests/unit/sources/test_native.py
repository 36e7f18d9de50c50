"""The native webhook: from a signed call to an event, or to a refusal."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import (
    BadPayload,
    BadSignature,
    UnsupportedMedia,
    WebhookError,
)
from notifier.model.events import (
    Event,
    Party,
    Priority,
    Ticket,
    from_facts,
    to_facts,
    version_order,
)
from notifier.model.times import to_text
from notifier.sources.call import Call
from notifier.sources.native import NativeSource
from tests.unit.sources.examples import (
    NOW,
    OTHER,
    SECRET,
    SOURCE,
    TOLERANCE,
    fault,
    faults,
    least,
    posted,
    read,
    signed,
    whole,
    with_field,
    without_field,
)


def test_every_field_is_read() -> None:
    assert read(whole()) == Event(
        source="default",
        webhook_id="msg_1",
        type="ticket.assigned",
        occurred_at=NOW - 1500,
        ticket=Ticket(
            id="123",
            title="Printer Not Working",
            number="HD-123",
            priority=Priority.HIGH,
            status="open",
            category="Hardware",
            url="https://desk.example.com/tickets/123",
            version=7,
        ),
        assignee=Party(
            id="7",
            name="John Smith",
            email="john@example.com",
            phone="+14155550123",
            locale="en",
            time_zone="America/New_York",
            login="jsmith",
        ),
        requester=Party(id="9", name="Jane Doe", email="jane@example.com"),
        actor=Party(id="1", name="Administrator"),
    )


def test_three_fields_are_enough() -> None:
    assert read(least()) == Event(
        source="default",
        webhook_id="msg_1",
        type="ticket.created",
        occurred_at=NOW,
        ticket=Ticket(id="124", title="Network Issue", number="124", priority=Priority.MEDIUM),
    )


def test_the_event_carries_the_id_of_its_call_and_the_name_of_its_source() -> None:
    source = NativeSource("other", [SECRET], TOLERANCE)
    (reading,) = source.read(signed(json.dumps(least()).encode(), name="msg_2"), NOW)
    event = reading.event
    assert (event.source, event.webhook_id) == ("other", "msg_2")
    assert (source.name, source.success_status) == ("other", 202)


# -- the door ----------------------------------------------------------------------------------


def test_a_call_is_verified_with_the_secrets_and_the_tolerance_of_the_source() -> None:
    SOURCE.verify(posted(least()), NOW + TOLERANCE)
    with pytest.raises(BadSignature, match="301 s old"):
        SOURCE.verify(posted(least()), NOW + TOLERANCE + 1000)
    with pytest.raises(BadSignature, match="no signature matches"):
        NativeSource("default", [OTHER], TOLERANCE).verify(posted(least()), NOW)
    with pytest.raises(BadSignature, match="no secret is configured"):
        NativeSource("default", [], TOLERANCE).verify(posted(least()), NOW)


BODY = json.dumps(least()).encode()


@pytest.mark.parametrize(
    "value",
    [
        b"application/json",
        b"Application/JSON",
        b"application/json;charset=utf-8",
        b"application/json ; charset=UTF-8; x=y",
    ],
)
def test_json_is_read_whatever_its_parameters(value: bytes) -> None:
    assert SOURCE.read(signed(BODY, SECRET, (b"content-type", value)), NOW)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"text/plain",
        b"application/jsonp",
        b"application/cloudevents+json",
        b"application/x-www-form-urlencoded",
        b"text/plain; application/json",
        b"application/json, text/plain",
        b"\xff",
    ],
)
def test_any_other_content_type_is_refused_before_the_body_is_read(value: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match=r"^The content type must be application/json\.$"):
        SOURCE.read(signed(b"{", SECRET, (b"content-type", value)), NOW)


def test_one_wrong_content_type_among_two_is_refused() -> None:
    both = ((b"content-type", b"application/json"), (b"content-type", b"text/plain"))
    with pytest.raises(UnsupportedMedia):
        SOURCE.read(signed(BODY, SECRET, *both), NOW)


@pytest.mark.parametrize("value", [b"identity", b"Identity", b" identity "])
def test_a_body_may_be_said_to_be_as_it_is(value: bytes) -> None:
    assert SOURCE.read(signed(BODY, SECRET, (b"content-encoding", value)), NOW)


@pytest.mark.fault("G10")
@pytest.mark.parametrize("value", [b"gzip", b"br", b"deflate", b"identity, gzip", b"", b"\xff"])
def test_a_compressed_body_is_refused(value: bytes) -> None:
    with pytest.raises(UnsupportedMedia, match="must not be compressed"):
        SOURCE.read(signed(BODY, SECRET, (b"content-encoding", value)), NOW)


def test_what_is_not_strict_json_is_refused() -> None:
    for body in (b"{", b"\xff", b'{"type": 1, "type": 2}', b"NaN", b"[" * 33):
        with pytest.raises(BadPayload):
            SOURCE.read(signed(body), NOW)


# -- absent ------------------------------------------------------------------------------------

OPTIONAL = [
    "timestamp",
    "data.ticket.number",
    "data.ticket.priority",
    "data.ticket.status",
    "data.ticket.category",
    "data.ticket.url",
    "data.ticket.version",
    "data.assignee",
    "data.requester",
    "data.actor",
    *(f"data.assignee.{field.name}" for field in dataclasses.fields(Party)),
]
REQUIRED = ["type", "data", "data.ticket", "data.ticket.id", "data.ticket.title"]


@pytest.mark.parametrize("path", OPTIONAL)
def test_null_empty_and_absent_mean_the_same_for_an_optional_field(path: str) -> None:
    absent = read(without_field(path))
    assert read(with_field(path, None)) == absent
    assert read(with_field(path, "")) == absent
    assert absent != read(whole())


@pytest.mark.parametrize("path", REQUIRED)
def test_a_required_field_that_is_null_empty_or_absent_is_named(path: str) -> None:
    for event in (without_field(path), with_field(path, None), with_field(path, "")):
        assert fault(event) == (path, "is required")


@pytest.mark.parametrize("nobody", [{}, {"id": None}, {"name": "", "email": ""}, {"x": "y"}])
def test_somebody_of_whom_nothing_is_known_is_nobody(nobody: object) -> None:
    event = read(with_field("data.assignee", nobody))
    assert event.assignee is None


# -- all of it ---------------------------------------------------------------------------------


def test_every_wrong_place_is_named_at_once() -> None:
    event = whole()
    event["timestamp"] = "yesterday"
    event["data"]["ticket"]["id"] = ""
    event["data"]["ticket"]["priority"] = "blocker"
    event["data"]["assignee"]["email"] = 7
    event["data"]["actor"] = "Administrator"
    assert [one.path for one in faults(event)] == [
        "timestamp",
        "data.ticket.id",
        "data.ticket.priority",
        "data.assignee.email",
        "data.actor",
    ]


def test_unknown_fields_do_no_harm() -> None:
    event = whole()
    for place in (event, event["data"], event["data"]["ticket"], event["data"]["actor"]):
        place.update({"x": {"y": [1, None]}, "": 1, "self": 2, "model_config": 3, "__init__": 4})
    assert read(event) == read(whole())


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=12)
    | st.sampled_from(
        ["", "high", "9999-12-31T23:59:59.999Z", "ticket.x", 2**63, -1, 10**300, {}, [], [[]]]
    )
)


@given(st.dictionaries(st.sampled_from([*OPTIONAL, *REQUIRED]), LEAVES, max_size=5))
@settings(max_examples=1000, deadline=None)
def test_any_body_is_an_event_that_can_be_stored_or_is_refused(changes: dict[str, object]) -> None:
    event: dict[str, Any] = whole()
    for path in sorted(changes, key=lambda path: -path.count(".")):
        event = _set(event, path, changes[path])
    try:
        found = read(event)
    except WebhookError:
        return
    facts = to_facts(found)
    facts.encode()
    head = (found.source, found.webhook_id, found.type, found.occurred_at)
    assert from_facts(head, facts) == found
    to_text(found.occurred_at)
    version_order(found.ticket.version)


def _set(event: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    head, _, rest = path.partition(".")
    return {**event, head: _set(event[head], rest, value) if rest else value}


def test_a_call_without_an_id_or_a_time_is_never_read_as_an_event() -> None:
    with pytest.raises(BadSignature):
        SOURCE.read(Call((), BODY), NOW)
