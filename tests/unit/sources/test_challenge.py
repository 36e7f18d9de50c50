"""Challenges: what is answered, and what a stranger cannot get out of them."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.errors import ConfigurationError
from notifier.sources.call import Call
from notifier.sources.challenge import ChallengeAnswer, Challenger, challenger
from notifier.sources.definition import Definition
from tests.unit.sources.schemes.desk import resolved

SECRET = "a-secret-of-the-tests"
PLAIN = ((b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff"))


def made(challenge: dict[str, Any], **more: Any) -> Challenger:
    table = {"secrets": [SECRET, "another-secret"], "challenge": challenge, **more}
    return challenger(Definition.model_validate(table), resolved)


def fault(challenge: dict[str, Any], **more: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        made(challenge, **more)
    return str(caught.value)


def got(query: bytes = b"", *headers: tuple[bytes, bytes]) -> Call:
    return Call(headers, b"", method="GET", query=query)


def test_without_challenges_nothing_is_answered() -> None:
    nothing = made({})
    assert nothing.methods == frozenset()
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        assert nothing.answer(Call((), b"{}", method=method)) is None


def test_a_look_at_the_door_is_answered_with_nothing() -> None:
    both = made({"head_ok": True, "get_ok": True})
    assert both.methods == {"GET", "HEAD"}
    for method in ("GET", "HEAD"):
        assert both.answer(Call((), b"", method=method)) == ChallengeAnswer(200, (), b"")
    assert both.answer(Call((), b"")) is None
    assert made({"head_ok": True}).answer(got()) is None


# -- a token to sign -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "write"),
    [
        ({}, lambda data: hmac.digest(SECRET.encode(), data, "sha256").hex().encode()),
        (
            {"algorithm": "sha1", "encoding": "base64"},
            lambda data: base64.b64encode(hmac.digest(SECRET.encode(), data, hashlib.sha1)),
        ),
        (
            {"algorithm": "sha512", "encoding": "base64url"},
            lambda data: base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), data, "sha512")),
        ),
    ],
)
def test_a_token_is_answered_with_its_hmac(entry: dict[str, str], write: Any) -> None:
    source = made({"crc": {"query": "crc_token", **entry}})
    assert source.methods == {"GET"}
    assert source.answer(got(b"a=1&crc_token=Tok-en_1")) == (
        ChallengeAnswer(200, PLAIN, write(b"Tok-en_1"))
    )


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"crc_token=",
        b"crc_token=a&crc_token=b",
        b"crc_token=%7B%7D1795424400",
        b"crc_token=1795424400.%5B%5D",
        b"crc_token=a%3Db",
        b"crc_token=a%26b",
        b"crc_token=%22a%22",
        b"crc_token=%0A",
        b"crc_token=%FF",
        b"crc_token=" + b"a" * 257,
    ],
)
def test_what_could_be_a_body_is_not_signed_for_a_stranger(query: bytes) -> None:
    assert made({"crc": {"query": "crc_token"}}).answer(got(query)) is None


def test_a_token_that_was_made_with_a_secret_is_answered_with_that_one() -> None:
    crc = {"crc": {"query": "crc_token", "token_of": "who are you"}}
    keys = ["first-secret-of-two", "second-secret-of-two"]
    source = made(crc, secrets=keys)
    for key in keys:
        token = hmac.new(key.encode(), b"who are you", "sha256").hexdigest().encode()
        answer = hmac.new(key.encode(), token, "sha256").hexdigest().encode()
        assert source.answer(got(b"crc_token=" + token)) == ChallengeAnswer(200, PLAIN, answer)
    stranger = hmac.new(b"another-secret", b"who are you", "sha256").hexdigest().encode()
    assert source.answer(got(b"crc_token=" + stranger)) is None
    assert source.answer(got(b"crc_token=Tok-en_1")) is None


@pytest.mark.parametrize(
    ("challenge", "call", "cause"),
    [
        ({"crc": {"query": "t"}}, got(b"t=%7B"), "GET without a token in t"),
        (
            {"crc": {"query": "t", "token_of": "who are you"}},
            got(b"t=Tok-en_1"),
            "GET without a token in t that one of the secrets made: another secret there?",
        ),
        (
            {"crc": {"query": "t"}, "echo": {"query": "challenge"}},
            got(),
            "GET without a token in t or one value to repeat",
        ),
        (
            {"cloudevents_options": True},
            Call((), b"", method="OPTIONS"),
            "OPTIONS without the header WebHook-Request-Origin",
        ),
    ],
)
def test_why_a_call_is_no_challenge_is_said(
    challenge: dict[str, Any], call: Call, cause: str
) -> None:
    source = made(challenge)
    assert source.answer(call) is None
    assert source.why_not(call) == cause


def test_a_token_that_is_none_may_still_be_a_look_at_the_door() -> None:
    both = made({"crc": {"query": "crc_token"}, "get_ok": True})
    answer = both.answer(got(b"crc_token=%7B%7D"))
    assert answer == ChallengeAnswer(200, (), b"")


def test_a_token_needs_a_secret() -> None:
    crc = {"crc": {"query": "crc_token"}}
    assert fault(crc, secrets=[]).startswith("challenge.crc: no secret; add secrets = [")
    assert fault(crc, secrets=["zq9"]).startswith("challenge.crc: secret 1 is shorter")
    assert fault(crc, secrets=["env:A"]) == "challenge.crc: the variable A is not set"


# -- a value to repeat ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "call", "kind", "body"),
    [
        (
            {"header": "X-Front-Challenge"},
            Call(((b"x-front-challenge", b"abc 1"),), b"{}"),
            b"text/plain",
            b"abc 1",
        ),
        (
            {"header": "X-Front-Challenge", "answer": "json"},
            got(b"", (b"x-front-challenge", b'a"b')),
            b"application/json",
            b'{"challenge": "a\\"b"}',
        ),
        (
            {"query": "hub.challenge", "answer": "form", "key": "reply"},
            got(b"hub.challenge=a%26b"),
            b"application/x-www-form-urlencoded",
            b"reply=a%26b",
        ),
        (
            {"body": "event.challenge", "answer": "json"},
            Call((), b'{"event": {"challenge": 17}}'),
            b"application/json",
            b'{"challenge": "17"}',
        ),
    ],
)
def test_a_value_is_repeated(entry: dict[str, str], call: Call, kind: bytes, body: bytes) -> None:
    answer = made({"echo": entry}).answer(call)
    assert answer is not None
    assert answer.status == 200
    assert dict(answer.headers) == {b"content-type": kind, b"x-content-type-options": b"nosniff"}
    assert answer.body == body


@pytest.mark.parametrize(
    "call",
    [
        Call((), b"{}"),
        Call(((b"x-front-challenge", b""),), b"{}"),
        Call(((b"x-front-challenge", b"a"), (b"x-front-challenge", b"b")), b"{}"),
        Call(((b"x-front-challenge", b"a\r\nset-cookie: a=b"),), b"{}"),
        Call(((b"x-front-challenge", b"\xc3\xa9"),), b"{}"),
        Call(((b"x-front-challenge", b"a" * 1_025),), b"{}"),
        Call(((b"x-front-challenge", b"a"),), b"{}", method="DELETE"),
    ],
)
def test_what_is_not_one_short_plain_value_is_not_repeated(call: Call) -> None:
    assert made({"echo": {"header": "X-Front-Challenge"}}).answer(call) is None


def test_a_value_in_a_body_comes_with_the_methods_of_events_only() -> None:
    by_body = made({"echo": {"body": "challenge"}}, methods=["POST", "PUT"])
    assert by_body.methods == frozenset()
    text = b'{"challenge": "abc"}'
    for method in ("POST", "PUT"):
        assert by_body.answer(Call((), text, method=method)) is not None
    assert by_body.answer(Call((), text, method="GET")) is None
    assert by_body.answer(Call((), b"no JSON")) is None
    assert by_body.answer(Call((), b'{"challenge": [1]}')) is None
    assert made({"echo": {"header": "X-Challenge"}}).methods == {"GET"}


@pytest.mark.parametrize(
    "entry", [{}, {"header": "X-A", "query": "a"}, {"query": "a", "body": "b"}]
)
def test_one_place_must_be_named(entry: dict[str, str]) -> None:
    assert fault({"echo": entry}) == "challenge.echo: name one of header, query and body"


def test_a_place_must_be_one_that_can_be() -> None:
    assert fault({"echo": {"header": "a b"}}).startswith("challenge.echo: a header is needed")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_noise_is_repeated_or_not_but_breaks_nothing(value: bytes, body: bytes) -> None:
    for entry in ({"header": "x-a"}, {"query": "a"}, {"body": "a.0"}):
        answer = made({"echo": entry}).answer(Call(((b"x-a", value),), body, query=b"a=" + value))
        assert answer is None or answer.body.decode().isprintable()


# -- CloudEvents ---------------------------------------------------------------------------------


def asked(*headers: tuple[bytes, bytes]) -> Call:
    return Call(headers, b"", method="OPTIONS")


ORIGIN = (b"webhook-request-origin", b"events.example.com")
RATE = b"webhook-request-rate"


@pytest.mark.parametrize(
    ("more", "rate"),
    [
        ((), b"120"),
        (((RATE, b"60"),), b"60"),
        (((RATE, b"*"),), b"120"),
        (((RATE, b"0"),), b"120"),
        (((RATE, b"9999999999"),), b"120"),
        (((RATE, b"6"), (RATE, b"7")), b"120"),
        (((b"webhook-request-callback", b"https://evil.example.com/"),), b"120"),
    ],
)
def test_a_sender_of_cloudevents_is_let_send(
    more: tuple[tuple[bytes, bytes], ...], rate: bytes
) -> None:
    source = made({"cloudevents_options": True})
    assert source.methods == {"OPTIONS"}
    assert source.answer(asked(ORIGIN, *more)) == ChallengeAnswer(
        200,
        (
            (b"webhook-allowed-origin", b"events.example.com"),
            (b"webhook-allowed-rate", rate),
            (b"allow", b"POST"),
        ),
        b"",
    )


@pytest.mark.parametrize(
    "headers", [(), (ORIGIN, ORIGIN), ((ORIGIN[0], b"a\nb"),), ((ORIGIN[0], b""),)]
)
def test_who_does_not_say_where_it_comes_from_is_not(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    assert made({"cloudevents_options": True}).answer(asked(*headers)) is None


def test_every_method_of_events_is_allowed() -> None:
    answer = made({"cloudevents_options": True}, methods=["POST", "PUT"]).answer(asked(ORIGIN))
    assert answer is not None
    assert dict(answer.headers)[b"allow"] == b"POST, PUT"
