import pytest

from notifier.model.states import State
from notifier.store.views import Slice
from notifier.web import cursors
from notifier.web.parameters import Parameters
from tests.unit.web.stubs import NINE

KNOWN = ("text", "time", "status", "state", "limit", "cursor")


def asked(*pairs: tuple[str, str]) -> Parameters:
    return Parameters(pairs, KNOWN)


def test_what_is_not_given_is_none() -> None:
    query = asked()
    assert query.text("text") is None
    assert query.instant("time") is None
    assert query.status("status") is None
    assert query.states("state") == ()
    assert query.part("events") == Slice(50)
    assert query.faults == []


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:00:00Z", NINE),
        ("2026-11-23t09:00:00.000z", NINE),
        ("2026-11-23T09:00:00.1239Z", NINE + 123),
        ("2026-11-23T04:00:00-05:00", NINE),
        ("1970-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999Z", 253402300799999),
    ],
)
def test_times_are_rfc_3339(text: str, instant: int) -> None:
    query = asked(("time", text))
    assert query.instant("time") == instant
    assert query.faults == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795424400",
        "2026-11-23",
        "2026-11-23T09:00:00",
        "2026-11-23 09:00:00Z",
        "2026-11-23T09:00:00 01:00",
        "2026-13-23T09:00:00Z",
        "2026-11-23T09:00:60Z",
        "20261123T090000Z",
        "2026-W48-1T09:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "2026-11-23T09:00:00Z\n",
        "\u0662026-11-23T09:00:00Z",
    ],
)
def test_other_times_are_faults(text: str) -> None:
    query = asked(("time", text))
    assert query.instant("time") is None
    assert [fault.path for fault in query.faults] == ["time"]


@pytest.mark.parametrize("text", ["", "0", "201", "-1", "+5", "5.0", " 5", "x", "\u0665", "0x5"])
def test_a_limit_is_a_whole_number_up_to_200(text: str) -> None:
    query = asked(("limit", text))
    assert query.part("events") == Slice(50)
    assert [fault.path for fault in query.faults] == ["limit"]


def test_a_cursor_is_one_of_the_same_list() -> None:
    cursor = cursors.write("events", 7)
    assert asked(("cursor", cursor), ("limit", "1")).part("events") == Slice(1, 7)
    other = asked(("cursor", cursor))
    assert other.part("deliveries") == Slice(50)
    assert len(other.faults) == 1


def test_states_may_be_repeated_and_every_wrong_one_is_named() -> None:
    query = asked(("state", "sent"), ("state", "gone"), ("state", ""), ("state", "failed"))
    assert query.states("state") == (State.SENT, State.FAILED)
    assert len(query.faults) == 2
    assert "pending" in query.faults[0].message


@pytest.mark.parametrize("text", ["duplicate", "", "ACCEPTED"])
def test_a_status_is_accepted_or_ignored(text: str) -> None:
    assert asked(("status", "ignored")).status("status") == "ignored"
    query = asked(("status", text))
    assert query.status("status") is None
    assert len(query.faults) == 1


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_text_is_neither_empty_nor_holds_a_nul(text: str) -> None:
    query = asked(("text", text))
    assert query.text("text") is None
    assert len(query.faults) == 1


def test_a_parameter_given_twice_is_a_fault() -> None:
    query = asked(("text", "a"), ("text", "a"))
    assert query.text("text") is None
    assert [fault.message for fault in query.faults] == ["may be given once only"]


def test_an_unknown_parameter_is_a_fault() -> None:
    assert [fault.path for fault in asked(("\ud800", "")).faults] == ["\ud800"]
