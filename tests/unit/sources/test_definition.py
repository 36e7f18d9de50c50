"""The table of a source: what may be written, and what is said of what may not."""

from typing import Any

import pytest

from notifier.model.errors import ConfigurationError
from notifier.model.times import DAY, HOUR
from notifier.sources import definition
from notifier.sources.definition import FIELDS, merged


def said(table: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        definition.read("desk", table)
    return [line.removeprefix("sources.desk.") for line in str(caught.value).splitlines()]


def test_an_empty_table_has_every_default() -> None:
    made = definition.read("desk", {})
    assert (made.methods, made.success, made.max_body) == (["POST"], 200, 1024**2)
    assert (made.dedupe.window, made.dedupe.body_window) == (30 * DAY, HOUR)
    assert (made.format, made.shape, made.auth_mode, made.auth) == ("auto", "mapped", "any", [])


def test_values_in_the_units_that_people_write() -> None:
    made = definition.read(
        "desk",
        {
            "max_body": "256KiB",
            "allow_ips": ["192.0.2.1", "2001:db8::/32"],
            "desk_url": "https://desk.example.com/help/",
            "map": {"priorities": {"1": "critical"}},
            "dedupe": {"window": "7d"},
            "auth": [
                {
                    "scheme": "hmac",
                    "header": "X-Signature",
                    "timestamp": {"from": "header:X-Time", "tolerance": "12h"},
                }
            ],
        },
    )
    assert made.max_body == 256 * 1024
    assert [str(one) for one in made.allow_ips] == ["192.0.2.1/32", "2001:db8::/32"]
    assert made.desk_url == "https://desk.example.com/help"
    assert made.map.priorities["1"].rank == 0
    assert made.dedupe.window == 7 * DAY


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"preset": "zamad"}, "preset: there is no preset zamad; did you mean zammad?"),
        ({"preset": 5}, "preset: must be text"),
        ({"alow_ips": []}, "alow_ips: there is no such key; did you mean allow_ips?"),
        ({"qqqqqqqq": 1}, "qqqqqqqq: there is no such key"),
        ({"auth": [{"scheme": "hmac"}]}, "auth.0.header: is required"),
        (
            {"auth": [{"scheme": "hmac", "header": "X", "prefx": "a"}]},
            "auth.0.prefx: there is no such key; did you mean prefix?",
        ),
        (
            {"auth": [{"header": "X"}]},
            "auth.0: scheme is required: basic, digest, ed25519, hmac, jwt, none, rfc9421, token",
        ),
        (
            {"auth": [{"scheme": "x"}]},
            "auth.0: there is no such scheme; there are basic, digest, ed25519, hmac, jwt, none, "
            "rfc9421, token",
        ),
        ({"auth": "x"}, "auth: must be a list"),
        ({"challenge": "x"}, "challenge: must be a table"),
        ({"challenge": {"head_ok": "x"}}, "challenge.head_ok: must be true or false"),
        ({"success": "200"}, "success: must be a whole number"),
        ({"success": 302}, "success: input should be less than or equal to 299"),
        ({"methods": ["GET"]}, "methods.0: input should be 'POST', 'PUT' or 'PATCH'"),
        ({"max_body": "1GiB"}, "max_body: write a size up to 16MiB, such as 256KiB or 1MiB"),
        ({"public_url": "x"}, "public_url: write an address such as https://desk.example.com"),
        ({"max_body": 5}, "max_body: write a size up to 16MiB, such as 256KiB or 1MiB"),
        ({"max_body": "17MiB"}, "max_body: write a size up to 16MiB, such as 256KiB or 1MiB"),
        ({"allow_ips": ["x"]}, "allow_ips.0: write an address or a network, such as 192.0.2.0/24"),
        ({"desk_url": "desk"}, "desk_url: write an address such as https://desk.example.com"),
        (
            {"format": "xml"},
            "format: write auto, json, form, cloudevents, or form:FIELD for JSON in a field",
        ),
        (
            {"dedupe": {"window": "0s"}},
            "dedupe.window: write a whole number and a unit, such as 300s, 10m, 24h or 30d",
        ),
        (
            {"dedupe": {"window": 5}},
            "dedupe.window: write a whole number and a unit, such as 300s, 10m, 24h or 30d",
        ),
        (
            {"auth": [{"scheme": "hmac", "header": "X", "timestamp": {"from": "x"}}]},
            "auth.0.timestamp.from: write header:NAME, sig:KEY or body:PATH",
        ),
        (
            {"map": {"fields": {"ticket.name": "x"}}},
            f"map.fields: ticket.name is no field; there are {', '.join(sorted(FIELDS))}",
        ),
        ({"map": {"let": {"Body": "x"}}}, None),
        ({"map": {"let": {"prev": "x"}}}, None),
        ({"map": {"let": {"ticket": "x"}}}, None),
        ({"map": {"let": {"assignee": "x"}}}, None),
        ({"map": {"events": {"ticket.moved": "x"}}}, None),
        ({"map": {"otherwise": "ticket.moved"}}, None),
    ],
)
def test_every_wrong_key_is_named_with_what_would_be_right(
    table: dict[str, Any], line: str | None
) -> None:
    (found,) = said(table)
    if line is None:
        assert "cannot be a name" in found or "is no event; there are ticket.assigned" in found
    else:
        assert found == line


def test_everything_wrong_is_said_at_once() -> None:
    assert len(said({"success": 1, "methods": ["GET"], "nothing": 1})) == 3


def test_no_secret_shows_itself() -> None:
    auth = [{"scheme": "token", "in": "bearer", "secrets": ["secret-a"]}]
    made = definition.read(
        "desk", {"auth": auth, "secrets": ["secret-b"], "retired_secrets": ["secret-c"]}
    )
    assert "secret-" not in f"{made!r} {made} {made.auth!r}"


def test_a_preset_lies_under_the_table() -> None:
    made = definition.read("desk", {"preset": "zammad", "success": 204})
    assert made.success == 204
    assert made.about is not None
    assert made.map.events


@pytest.mark.parametrize(
    ("under", "over", "wanted"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": "x", "c": 2}}, {"a": {"b": ""}}, {"a": {"c": 2}}),
        ({"a": 1}, {"b": ""}, {"a": 1}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
    ],
)
def test_one_table_over_another(
    under: dict[str, Any], over: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert merged(under, over) == wanted
