"""What an operator enters of a person: what is taken, and what is said of the rest."""

from typing import Any

import pytest

from notifier.model.people import FIELDS, NOTHING, Card, Entry
from notifier.planning import entries
from notifier.planning.entries import Checks

ZONES = {"Europe/Lisbon", "UTC"}


def checks(region: str | None = None) -> Checks:
    return Checks(region, ZONES.__contains__)


def read(body: dict[str, Any], *, whole: bool = True) -> tuple[Entry, dict[str, str]]:
    held = checks("US")
    entry = entries.of_body("ana", body, held, whole=whole)
    return entry, {fault.path: fault.message for fault in held.faults}


def test_a_whole_person() -> None:
    entry, faults = read(
        {
            "name": "Ana Silva",
            "emails": ["Ana@EXAMPLE.com", "a@corp.local", "Ana@example.com"],
            "phones": ["(415) 555-0123", "+351 21 123 4567"],
            "locale": "pt-PT",
            "time_zone": "Europe/Lisbon",
            "sources": [
                {"source": "zammad", "id": "4711", "login": "asilva"},
                {"source": "jira", "id": "9"},
            ],
        }
    )
    assert faults == {}
    assert entry == Entry(
        "ana",
        Card(
            "Ana Silva",
            ("Ana@example.com", "a@corp.local"),
            ("+14155550123", "+351211234567"),
            "pt-PT",
            "Europe/Lisbon",
        ),
        (("id", "zammad", "4711"), ("login", "zammad", "asilva"), ("id", "jira", "9")),
        frozenset(FIELDS),
        None,
    )


def test_nothing_is_a_person_of_whom_nothing_is_known() -> None:
    absent = dict.fromkeys(("name", "emails", "phones", "locale", "time_zone", "sources"))
    for body in ({}, absent):
        entry, faults = read(body)
        assert (entry.card, entry.keys, faults) == (NOTHING, (), {})


def test_a_part_names_what_it_changes() -> None:
    entry, _ = read({"phones": None, "sources": [{"source": "zammad", "login": "a"}]}, whole=False)
    assert entry.fields == {"phones"}
    assert entry.replaces == frozenset({("login", "zammad")})


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({"nmae": "Ana"}, "nmae", "is not a field of a person"),
        ({"name": ""}, "name", "1 to 200 characters"),
        ({"name": "x" * 201}, "name", "1 to 200 characters"),
        ({"name": "a\0b"}, "name", "1 to 200 characters"),
        ({"name": 7}, "name", "must be text"),
        ({"emails": "ana@example.com"}, "emails", "must be a list of at most 10"),
        ({"emails": ["a@example.com"] * 11}, "emails", "must be a list of at most 10"),
        ({"emails": ["ana@example.com", "ana"]}, "emails.1", "an email address such as"),
        ({"phones": [4155550123]}, "phones.0", "a telephone number such as"),
        ({"phones": ["12"]}, "phones.0", "needs DEFAULT_REGION"),
        ({"locale": "portuguese!"}, "locale", "a language tag such as en"),
        ({"time_zone": "Lisbon"}, "time_zone", "such as Europe/Lisbon"),
        ({"sources": {}}, "sources", "must be a list of at most 50"),
        ({"sources": [{}] * 51}, "sources", "must be a list of at most 50"),
        ({"sources": ["zammad"]}, "sources.0", "an object with source, and id"),
        ({"sources": [{"source": "zammad", "key": 1}]}, "sources.0", "an object with source"),
        ({"sources": [{"id": "1"}]}, "sources.0.source", "the name of a source"),
        ({"sources": [{"source": "No", "id": "1"}]}, "sources.0.source", "the name of a source"),
        ({"sources": [{"source": "zammad"}]}, "sources.0", "must name an id or a login"),
        ({"sources": [{"source": "zammad", "id": 1}]}, "sources.0.id", "must be text"),
        ({"sources": [{"source": "zammad", "login": ""}]}, "sources.0.login", "must be text"),
    ],
)
def test_what_is_wrong_is_said_where_it_is(body: dict[str, Any], path: str, said: str) -> None:
    _, faults = read(body)
    assert list(faults) == [path]
    assert said in faults[path]


def test_numbers_in_one_text_are_told_apart() -> None:
    held = checks("US")
    assert held.numbers("+14155550123 +14155550124") == ["+14155550123", "+14155550124"]
    assert held.numbers("+1 415 555 0123") == ["+1 415 555 0123"]
    assert held.numbers("") == []


def test_names_of_sources() -> None:
    assert entries.is_source("zammad-2")
    assert not entries.is_source("Zammad:x")
