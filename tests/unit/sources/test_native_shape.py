"""The shape of a native event: what each field may hold, and what is said when it does not."""

import json

import pytest

from notifier.model.events import TICKET_TYPES, Event, Priority, to_facts, version_order
from notifier.model.times import LAST as LAST_INSTANT
from notifier.model.times import SECOND, to_text
from tests.unit.sources.examples import NOW, SOURCE, fault, read, signed, with_field

LAST = "9999-12-31T23:59:59.999Z"
A_TIME = "must be a time since 1970, for example 2026-11-23T09:00:00Z"
A_VERSION = "must be a whole number, or a time since 1970 such as 2026-11-23T09:00:00Z"


# -- types -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(TICKET_TYPES))
def test_every_type_of_the_list_is_known(kind: str) -> None:
    event = read(with_field("type", kind))
    assert (event.type, event.known) == (kind, True)


@pytest.mark.parametrize("kind", ["ticket.merged", "ticket.assigned.twice", "ticket.Created"])
def test_an_unknown_type_of_ticket_is_an_event_that_is_not_known(kind: str) -> None:
    event = read(with_field("type", kind))
    assert (event.type, event.known) == (kind, False)


@pytest.mark.parametrize(
    "kind", ["contact.created", "ticket", "tickets.created", " ticket.created", "Ticket.created"]
)
def test_a_type_outside_ticket_is_refused(kind: str) -> None:
    assert fault(with_field("type", kind)) == (
        "type",
        "must begin with ticket., for example ticket.assigned",
    )


@pytest.mark.parametrize("kind", [1, True, ["ticket.created"], {"a": 1}])
def test_a_type_that_is_no_text_is_refused(kind: object) -> None:
    assert fault(with_field("type", kind))[0] == "type"


def test_a_type_is_not_endless() -> None:
    assert read(with_field("type", "ticket." + "x" * 248)).type == "ticket." + "x" * 248
    expected = ("type", "must have at most 255 characters")
    assert fault(with_field("type", "ticket." + "x" * 249)) == expected


# -- ids ---------------------------------------------------------------------------------------

NAMES = ["data.ticket.id", "data.ticket.number", "data.assignee.id"]


def named(event: Event, path: str) -> str | None:
    if path == "data.assignee.id":
        assert event.assignee is not None
        return event.assignee.id
    return event.ticket.id if path == "data.ticket.id" else event.ticket.number


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize(
    ("given_as", "kept"),
    [
        ("7", "7"),
        (7, "7"),
        (0, "0"),
        (-7, "-7"),
        (7.0, "7"),
        (2.0**53, "9007199254740992"),
        ("007", "007"),
        (" 7 ", " 7 "),
        (10**200, str(10**200)),
        ("x" * 255, "x" * 255),
        ("#\u202e7\x00", "#\u202e7\x00"),
    ],
)
def test_ids_are_text_or_whole_numbers_and_kept_as_text(
    path: str, given_as: object, kept: str
) -> None:
    assert named(read(with_field(path, given_as)), path) == kept


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize("value", [True, False, 1.5, 2.0**54, 1e300, [7], {"id": 7}, [], {}])
def test_anything_else_is_no_id(path: str, value: object) -> None:
    assert fault(with_field(path, value)) == (path, "must be text or a whole number")


@pytest.mark.parametrize("path", NAMES)
@pytest.mark.parametrize("value", ["x" * 256, 10**255, "x" * 200_000])
def test_an_id_is_not_endless(path: str, value: object) -> None:
    assert fault(with_field(path, value)) == (path, "must have at most 255 characters")


# -- text --------------------------------------------------------------------------------------

TEXTS = [
    "data.ticket.title",
    "data.ticket.status",
    "data.ticket.category",
    "data.ticket.url",
    "data.assignee.name",
    "data.requester.email",
    "data.actor.phone",
    "data.actor.locale",
    "data.actor.time_zone",
    "data.actor.login",
]


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("value", [1, True, 1.5, [], {}, ["x"]])
def test_text_is_text(path: str, value: object) -> None:
    assert fault(with_field(path, value)) == (path, "must be text")


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("value", [" ", "x" * 100_000, "\x00\r\n\u2028\u202e\U000e0041", "{{7*7}}"])
def test_text_is_kept_as_it_was_given(path: str, value: str) -> None:
    event = read(with_field(path, value))
    assert value in json.loads(to_facts(event))[path.split(".")[1]].values()


def test_half_an_emoji_does_no_harm() -> None:
    body = json.dumps(with_field("data.ticket.title", "Printer \ud83d")).encode()
    (reading,) = SOURCE.read(signed(body), NOW)
    assert reading.event.ticket.title == "Printer \ufffd"


@pytest.mark.parametrize("path", ["data", "data.ticket", "data.assignee", "data.actor"])
@pytest.mark.parametrize("value", ["x", 1, True, [], [{}]])
def test_an_object_is_an_object(path: str, value: object) -> None:
    assert fault(with_field(path, value)) == (path, "must be an object")


@pytest.mark.parametrize("value", [None, 1, "x", [], [{}], True])
def test_the_body_is_an_object(value: object) -> None:
    assert fault(value) == ("", "the body must be an object with type and data")


# -- priority ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_as", "priority"),
    [
        ("critical", Priority.CRITICAL),
        ("urgent", Priority.CRITICAL),
        ("URGENT", Priority.CRITICAL),
        ("High", Priority.HIGH),
        ("medium", Priority.MEDIUM),
        ("Normal", Priority.MEDIUM),
        ("LOW", Priority.LOW),
    ],
)
def test_a_priority_may_go_by_another_name(given_as: str, priority: Priority) -> None:
    assert read(with_field("data.ticket.priority", given_as)).ticket.priority is priority


@pytest.mark.parametrize("value", ["blocker", " high", "1", 1, 0, True, ["high"], {}])
def test_any_other_priority_is_refused(value: object) -> None:
    assert fault(with_field("data.ticket.priority", value)) == (
        "data.ticket.priority",
        "must be critical (or urgent), high, medium (or normal) or low",
    )


# -- times and versions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23t09:00:00z", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23 09:00:00Z", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T09:00:00.5Z", "2026-11-23T09:00:00.500Z"),
        ("2026-11-23T09:00:00.123456789Z", "2026-11-23T09:00:00.123Z"),
        ("2026-11-23T09:00:00+02:00", "2026-11-23T07:00:00.000Z"),
        ("2026-11-23T09:00:00-00:00", "2026-11-23T09:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_rfc_3339(text: str, utc: str) -> None:
    event = read(with_field("timestamp", text))
    assert to_text(event.occurred_at) == utc
    version = read(with_field("data.ticket.version", text)).ticket.version
    assert version_order(version) == ("time", event.occurred_at)


def test_the_last_version_is_the_last_time_that_can_be_written() -> None:
    version = read(with_field("data.ticket.version", LAST)).ticket.version
    assert version_order(version) == ("time", LAST_INSTANT)


def test_what_is_said_to_happen_after_it_was_signed_happened_then() -> None:
    assert read(with_field("timestamp", LAST)).occurred_at == NOW + SECOND


WRONG_TIMES = [
    "yesterday",
    "2026-11-23",
    "2026-11-23T09:00:00",
    "2026-11-23T09:00Z",
    "20261123T090000Z",
    "2026-W48-1T09:00:00Z",
    "2026-02-30T09:00:00Z",
    "2026-11-23T24:00:00Z",
    "2026-11-23T09:00:60Z",
    "2026-11-23T09:00:00,5Z",
    "2026-11-23T09:00:00+0200",
    "2026-11-23T09:00:00+25:00",
    "2026-11-23T09:00:00Z\n",
    " 2026-11-23T09:00:00Z",
    "\u0662\u0660\u0662\u0666-11-23T09:00:00Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "1969-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59-00:01",
    "10000-01-01T00:00:00Z",
    "2026-11-23T09:00:00." + "1" * 100_000 + "Z",
    "7",
    1.5,
    True,
    [],
    {},
]


@pytest.mark.parametrize("value", [*WRONG_TIMES, 1_795_424_400])
def test_any_other_timestamp_is_refused(value: object) -> None:
    assert fault(with_field("timestamp", value)) == ("timestamp", A_TIME)


@pytest.mark.parametrize("value", [0, 7, 7.0, 2**63 - 1])
def test_a_version_may_be_a_whole_number(value: float) -> None:
    version = read(with_field("data.ticket.version", value)).ticket.version
    assert version == value
    assert type(version) is int
    assert version_order(version) == ("number", value)


@pytest.mark.parametrize("value", WRONG_TIMES)
def test_any_other_version_is_refused(value: object) -> None:
    assert fault(with_field("data.ticket.version", value)) == ("data.ticket.version", A_VERSION)


@pytest.mark.parametrize("value", [-1, 2**63, 10**300])
def test_a_version_out_of_range_is_refused(value: int) -> None:
    assert fault(with_field("data.ticket.version", value)) == (
        "data.ticket.version",
        "must be from 0 to 9223372036854775807",
    )
