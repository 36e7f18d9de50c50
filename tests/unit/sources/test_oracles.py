"""Two published libraries as oracles: they sign and we verify, we sign and they verify.

They read a body as text and know only the system's clock, so bodies are UTF-8 and the time is
now. What else they do otherwise (for example with headers that are malformed) is not asked.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import BadSignature
from notifier.sources import signatures
from notifier.sources.call import Call
from notifier.sources.secrets import new_secret, parse

TOLERANCE = 300_000

ids = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0189_-.", min_size=1, max_size=40)
keys = st.binary(min_size=24, max_size=64)
bodies = st.text(st.characters(codec="utf-8"), max_size=300).map(str.encode)


class Oracle(Protocol):
    """What both libraries do, for one secret."""

    def sign(self, msg_id: str, timestamp: datetime, data: str) -> str: ...

    def verify(self, data: bytes, headers: dict[str, str]) -> object: ...


class StandardWebhooks:
    """The reference library, kept from parsing what it has verified."""

    def __init__(self, secret: str) -> None:
        self._webhook = standardwebhooks.Webhook(secret)

    def sign(self, msg_id: str, timestamp: datetime, data: str) -> str:
        return self._webhook.sign(msg_id, timestamp, data)

    def verify(self, data: bytes, headers: dict[str, str]) -> object:
        return self._webhook.verify(data, headers, json_parse=False)


ORACLES: dict[str, tuple[Callable[[str], Oracle], type[Exception]]] = {
    "standardwebhooks": (StandardWebhooks, standardwebhooks.WebhookVerificationError),
    "svix": (svix.webhooks.Webhook, svix.webhooks.WebhookVerificationError),
}

oracle = pytest.mark.parametrize("library", ORACLES)


def theirs_lets_in(library: str, secret: str, headers: dict[str, str], body: bytes) -> bool:
    make, refusal = ORACLES[library]
    try:
        make(secret).verify(body, headers)
    except refusal:
        return False
    return True


def ours_lets_in(secret: str, headers: dict[str, str], body: bytes, now: int) -> bool:
    call = Call(tuple((name.encode(), value.encode()) for name, value in headers.items()), body)
    try:
        signatures.verify(call, parse(secret), TOLERANCE, now * 1000)
    except BadSignature:
        return False
    return True


def headers_of(name: str, now: int, signature: str) -> dict[str, str]:
    return {
        "webhook-id": name,
        "webhook-timestamp": str(now),
        "webhook-signature": signature,
    }


def changed(body: bytes, place: int) -> bytes:
    """Change one byte into another that keeps the body ASCII, or add one to an empty body."""
    text = bytearray(body or b"x")
    at = place % len(text)
    text[at] = ord("b") if text[at] == ord("a") else ord("a")
    return bytes(text)


def both_ways(library: str, key: bytes, name: str, body: bytes) -> tuple[str, int, list[str]]:
    """Give a secret, the present second, and the signatures by them and by us."""
    secret, now = new_secret(key), int(time.time())
    theirs = ORACLES[library][0](secret).sign(name, datetime.fromtimestamp(now, UTC), body.decode())
    return secret, now, [theirs, signatures.sign(secret, name, now, body)]


@oracle
@given(key=keys, name=ids, body=bodies)
@settings(max_examples=150, deadline=None)
def test_each_lets_in_what_the_other_signed(
    library: str, key: bytes, name: str, body: bytes
) -> None:
    secret, now, (theirs, ours) = both_ways(library, key, name, body)
    assert theirs == ours
    assert ours_lets_in(secret, headers_of(name, now, theirs), body, now)
    assert theirs_lets_in(library, secret, headers_of(name, now, ours), body)


@oracle
@given(
    key=keys, name=ids, body=st.text("ab{}:1", max_size=50).map(str.encode), place=st.integers(0)
)
@settings(max_examples=150, deadline=None)
def test_both_refuse_a_body_with_one_byte_changed(
    library: str, key: bytes, name: str, body: bytes, place: int
) -> None:
    secret, now, made = both_ways(library, key, name, body)
    other = changed(body, place)
    for signature in made:
        headers = headers_of(name, now, signature)
        assert not ours_lets_in(secret, headers, other, now)
        assert not theirs_lets_in(library, secret, headers, other)


@oracle
@given(key=keys, name=ids, body=bodies, bit=st.integers(0, 191))
@settings(max_examples=150, deadline=None)
def test_both_refuse_a_secret_with_one_bit_changed(
    library: str, key: bytes, name: str, body: bytes, bit: int
) -> None:
    _, now, made = both_ways(library, key, name, body)
    flipped = bytearray(key)
    flipped[bit // 8] ^= 1 << bit % 8
    wrong = new_secret(bytes(flipped))
    for signature in made:
        headers = headers_of(name, now, signature)
        assert not ours_lets_in(wrong, headers, body, now)
        assert not theirs_lets_in(library, wrong, headers, body)


@oracle
def test_both_let_in_a_list_in_which_one_fits(library: str) -> None:
    secret, now, (theirs, ours) = both_ways(library, bytes(32), "msg_1", b"{}")
    listed = f"v1a,AAAA {signatures.sign(secret, 'msg_2', now, b'{}')} {theirs}"
    assert theirs == ours
    assert ours_lets_in(secret, headers_of("msg_1", now, listed), b"{}", now)
    assert theirs_lets_in(library, secret, headers_of("msg_1", now, listed), b"{}")
