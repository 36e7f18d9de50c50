"""What every scheme of authentication promises, whatever it looks at.

A scheme joins by a line in tests/unit/sources/schemes/desk.py.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import BadSignature
from notifier.sources.call import Call
from tests.presets.signing import invented
from tests.unit.sources.schemes.desk import (
    BODY,
    COVERING,
    EVERY,
    NOW,
    OTHERS,
    STANDARD,
    URL,
    Desk,
    built,
    desk,
)

DESKS = {name: desk(auth) for name, auth in EVERY.items()}

every_desk = pytest.mark.parametrize("sender", DESKS.values(), ids=DESKS)
covering = pytest.mark.parametrize("sender", [DESKS[name] for name in COVERING], ids=COVERING)
timed = pytest.mark.parametrize(
    "sender",
    [DESKS[name] for name in EVERY if "timestamp" in EVERY[name] or "jwt" in name],
)


def secrets_of(sender: Desk) -> list[str]:
    return [*sender.definition.secrets, *sender.secrets]


@every_desk
def test_what_an_honest_sender_makes_is_let_in(sender: Desk) -> None:
    assert sender.cause(sender.call()) is None


@every_desk
def test_who_knows_another_secret_is_refused(sender: Desk) -> None:
    other = invented(sender.definition.auth[0], seed=2)
    call = replace(sender, secrets=[other.signing]).call()
    assert sender.cause(call)


@every_desk
def test_who_sends_nothing_of_it_is_refused(sender: Desk) -> None:
    assert sender.cause(Call((), BODY))


@every_desk
def test_any_of_several_secrets_is_enough(sender: Desk) -> None:
    entry = sender.definition.auth[0]
    new, old = invented(entry, seed=2), sender.definition.secrets[0]
    both = built(
        {
            "auth": sender.auth,
            "secrets": [new.configured, old],
            "public_url": URL,
        }
    )
    both.verify(sender.call(), NOW)
    both.verify(replace(sender, secrets=[new.signing]).call(), NOW)


@every_desk
def test_a_secret_of_yesterday_is_refused_and_said_to_be_one(sender: Desk) -> None:
    entry = sender.definition.auth[0]
    table: dict[str, Any] = {
        "auth": sender.auth,
        "secrets": [invented(entry, seed=2).configured],
        "retired_secrets": ["of another scheme", sender.definition.secrets[0]],
        "public_url": URL,
    }
    with pytest.raises(BadSignature, match="that is no longer active"):
        built(table).verify(sender.call(), NOW)


@covering
def test_every_byte_of_the_body_is_signed(sender: Desk) -> None:
    call = sender.call()
    for place in range(len(call.body)):
        changed = bytearray(call.body)
        changed[place] ^= 1
        assert sender.cause(replace(call, body=bytes(changed)))


@every_desk
def test_a_header_given_twice_is_refused(sender: Desk) -> None:
    call = sender.call()
    if call.headers:
        assert sender.cause(replace(call, headers=call.headers * 2))


@timed
def test_a_call_made_long_ago_or_ahead_is_refused_the_same_call_in_time_is_not(
    sender: Desk,
) -> None:
    call = sender.call()
    for off in (-3_600_000, 3_600_000):
        assert sender.cause(call, NOW + off)
    assert sender.cause(call, NOW + 30_000) is None


@every_desk
def test_no_cause_holds_a_secret_or_what_was_sent(sender: Desk) -> None:
    told = [
        sender.cause(replace(sender.call(), headers=((b"x-api-key", b"stranger-9"),))),
        sender.cause(Call((), b"stranger-9", query=b"token=stranger-9", tail="stranger-9")),
    ]
    for text in filter(None, told):
        assert "stranger-9" not in text
        assert not any(secret in text for secret in secrets_of(sender))


@every_desk
def test_nothing_shows_a_secret_when_it_is_printed(sender: Desk) -> None:
    held: list[object] = [sender.authenticator]
    for one in held:
        assert not any(secret in repr(one) for secret in secrets_of(sender))
        if type(one).__module__.startswith("notifier."):
            slots = getattr(one, "__dict__", {})
            nested = [value for value in slots.values() if not isinstance(value, bytes | str)]
            held += [item for value in nested for item in _items(value)]


def _items(value: object) -> list[object]:
    parts = list(value) if isinstance(value, tuple | list) else [value]
    return [part for part in parts if type(part).__module__.startswith("notifier.")]


NOISE = st.binary(max_size=60)
NAMES = st.sampled_from(
    [
        "authorization",
        "content-digest",
        "content-type",
        "signature",
        "signature-input",
        "webhook-id",
        "webhook-signature",
        "webhook-timestamp",
        "x-api-key",
        "x-hub-signature-256",
        "x-signature",
        "x-time",
        "x-token",
    ]
)


@every_desk
@settings(max_examples=40, deadline=None)
@given(
    headers=st.lists(st.tuples(NAMES.map(str.encode), NOISE), max_size=6),
    body=NOISE,
    query=NOISE,
    tail=st.text(max_size=20),
)
def test_noise_is_refused_and_breaks_nothing(
    sender: Desk,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    query: bytes,
    tail: str,
) -> None:
    assert sender.cause(Call(tuple(headers), body, query=query, tail=tail))


@every_desk
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_call_breaks_nothing(sender: Desk, data: st.DataObject) -> None:
    call = sender.call()
    parts = [call.body, call.query, call.tail.encode(), *(value for _, value in call.headers)]
    chosen = data.draw(st.integers(0, len(parts) - 1))
    place = data.draw(st.integers(0, len(parts[chosen])))
    noise = data.draw(NOISE)
    parts[chosen] = parts[chosen][:place] + noise + parts[chosen][place + 1 :]
    body, query, tail, *values = parts
    names = [name for name, _ in call.headers]
    changed = Call(
        tuple(zip(names, values, strict=True)),
        body,
        query=query,
        tail=tail.decode(errors="replace"),
    )
    text = sender.cause(changed)
    if changed == call:
        assert text is None


def test_there_is_a_desk_for_every_scheme() -> None:
    schemes = {auth["scheme"] for auth in (*COVERING.values(), *OTHERS.values())}
    assert schemes | {"none"} == {
        *("hmac", "digest", "ed25519", "token", "basic", "jwt", "rfc9421", "none")
    }
    assert STANDARD["scheme"] == "hmac"
