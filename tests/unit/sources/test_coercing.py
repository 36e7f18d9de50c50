"""What expressions give, as the fields of an event."""

from typing import Any

import pytest

from notifier.model.events import Priority
from notifier.model.times import LAST, from_text
from notifier.sources import coercing

NINE = from_text("2026-11-23T09:00:00Z")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [("a", "a"), (" a ", "a"), ("", None), (" ", None), (None, None), (7, "7"), ([1], None)],
)
def test_text(value: Any, wanted: str | None) -> None:
    assert coercing.text(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(7, "7"), ("HD-7", "HD-7"), (True, None), (None, None), ("x" * 300, "x" * 255), (7.0, "7")],
)
def test_an_id(value: Any, wanted: str | None) -> None:
    assert coercing.name(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("https://desk.example.com/1", "https://desk.example.com/1"),
        ("http://desk.example.com", "http://desk.example.com"),
        ("/tickets/1", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_an_address_is_whole_or_not_there(value: Any, wanted: str | None) -> None:
    assert coercing.url(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("P1", Priority.CRITICAL),
        ("p1", Priority.CRITICAL),
        (4, Priority.LOW),
        ("URGENT", Priority.CRITICAL),
        ("Normal", Priority.MEDIUM),
        ("High", Priority.HIGH),
        ("whatever", Priority.MEDIUM),
        (None, Priority.MEDIUM),
    ],
)
def test_a_priority(value: Any, wanted: Priority) -> None:
    assert coercing.priority(value, {"p1": Priority.CRITICAL, "4": Priority.LOW}) is wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("2026-11-23T09:00:00Z", NINE),
        ("2026-11-23T10:00:00+01:00", NINE),
        ("2026-11-23T10:00:00.000+0100", NINE),
        ("2026-11-23 09:00:00", NINE),
        ("2026-11-23 09:00:00 UTC", NINE),
        (NINE // 1000, NINE),
        (str(NINE // 1000), NINE),
        (NINE, NINE),
        (NINE / 1000 + 0.5, NINE + 500),
        ("tomorrow", None),
        ("2026-13-23T09:00:00Z", None),
        ("9" * 18, None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("x" * 41, None),
        (0, None),
        (-5, None),
        (None, None),
        (True, None),
    ],
)
def test_a_time(value: Any, wanted: int | None) -> None:
    assert coercing.instant(value) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (7, 7),
        ("7", 7),
        (NINE, NINE),
        ("9" * 19, 2**63 - 1),
        ("9" * 20, None),
        ("2026-11-23 10:00:00+01:00", "2026-11-23T09:00:00.000Z"),
        ("first", None),
        (True, None),
        (None, None),
    ],
)
def test_a_version(value: Any, wanted: int | str | None) -> None:
    assert coercing.version(value) == wanted


def test_the_last_time_can_be_read() -> None:
    assert coercing.instant(LAST) == LAST
