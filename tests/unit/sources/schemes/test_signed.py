"""Signatures over parts of a call: what is let in, what is refused, with which cause."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from notifier.sources.call import Call
from tests.presets import signing
from tests.unit.sources.schemes.desk import (
    BODY,
    DIGEST,
    HUB,
    NOW,
    OF_BODY,
    OF_PAIRS,
    OF_URL,
    SECONDS,
    SECRET,
    STANDARD,
    URL,
    desk,
    fault,
    hub,
    mac,
    refusal,
)

NO_MATCH = "no signature matches: wrong secret or changed body"


# -- what is signed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "signature"),
    [
        (HUB, "sha256=" + mac(BODY).hex()),
        (HUB, "sha256=" + mac(BODY).hex().upper()),
        (
            {**HUB, "algorithm": "sha1", "prefix": "sha1="},
            "sha1=" + mac(BODY, SECRET, "sha1").hex(),
        ),
        ({**HUB, "algorithm": "sha512", "prefix": ""}, mac(BODY, SECRET, "sha512").hex()),
        ({**HUB, "encoding": "base64", "prefix": ""}, base64.b64encode(mac(BODY)).decode()),
        (
            {**HUB, "encoding": "base64", "prefix": ""},
            base64.b64encode(mac(BODY)).decode().rstrip("="),
        ),
        (
            {**HUB, "encoding": "base64url", "prefix": ""},
            base64.urlsafe_b64encode(mac(BODY)).decode(),
        ),
        (
            {**HUB, "key_hash": "sha256"},
            "sha256=" + hmac.digest(hashlib.sha256(SECRET.encode()).digest(), BODY, "sha256").hex(),
        ),
        (
            {**HUB, "signed": "{method} {url}\n{body}|{secret}"},
            "sha256=" + mac(b"POST %b\n%b|%b" % (URL.encode(), BODY, SECRET.encode())).hex(),
        ),
        (
            {**DIGEST, "header": "X-Hub-Signature-256"},
            hashlib.sha256(SECRET.encode() + BODY).hexdigest(),
        ),
    ],
)
def test_signatures_are_made_so(auth: Mapping[str, Any], signature: str) -> None:
    call = Call(((b"x-hub-signature-256", signature.encode()),), BODY)
    assert refusal(auth, call) is None


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("hex", bytes(range(32)).hex()),
        ("base64", base64.b64encode(bytes(range(32))).decode()),
        ("base64", base64.b64encode(bytes(range(32))).decode().rstrip("=")),
        ("base64url", base64.urlsafe_b64encode(bytes(range(32))).decode()),
    ],
)
@pytest.mark.parametrize("prefix", ["", "whsec_"])
def test_keys_are_read_so(encoding: str, text: str, prefix: str) -> None:
    auth = {**HUB, "key_encoding": encoding, "key_prefix": "whsec_"}
    signature = b"sha256=" + hmac.digest(bytes(range(32)), BODY, "sha256").hex().encode()
    sender = desk(auth, secrets=[prefix + text])
    assert sender.cause(Call(((b"x-hub-signature-256", signature),), BODY)) is None


def test_an_address_is_signed_with_its_query() -> None:
    sender = desk(OF_URL)
    asked = Call((), BODY, query=b"a=1&b=%20")
    call = signing.signed(sender.definition, sender.secrets, asked, NOW)
    assert sender.cause(call) is None
    assert sender.cause(replace(call, query=b"a=2&b=%20")) == NO_MATCH
    assert sender.cause(replace(call, method="PUT")) == NO_MATCH
    assert sender.cause(replace(call, headers=(*call.headers, (b"host", b"evil.test")))) is None


# -- the header that holds the signature ---------------------------------------------------------


def test_a_missing_or_doubtful_header_is_named() -> None:
    good = (b"x-hub-signature-256", b"sha256=" + mac(BODY).hex().encode())
    assert refusal(HUB, Call((), BODY)) == "header X-Hub-Signature-256 missing"
    assert hub(b"") == "header X-Hub-Signature-256 missing"
    assert refusal(HUB, Call((good, good), BODY)) == "header X-Hub-Signature-256 given 2 times"


def test_a_header_that_is_signed_must_be_there_once() -> None:
    sender = desk(STANDARD)
    call = sender.call()
    without = tuple(header for header in call.headers if header[0] != b"webhook-id")
    assert sender.cause(replace(call, headers=without)) == "header webhook-id missing"
    twice = (*call.headers, (b"webhook-id", b"msg_2"))
    assert sender.cause(replace(call, headers=twice)) == "header webhook-id given 2 times"


def listed(count: int, separator: bytes = b" ", *others: bytes) -> Call:
    """Give a call with so many wrong signatures before the right one."""
    sender = desk(STANDARD)
    call = sender.call()
    (good,) = call.header("webhook-signature")
    wrong = [b"v1," + base64.b64encode(mac(b"%d" % number)) for number in range(count)]
    header = (b"webhook-signature", separator.join([*others, *wrong, good]))
    return replace(call, headers=(*call.headers[:-1], header))


def test_any_of_eight_signatures_may_match_others_are_passed_over() -> None:
    sender = desk(STANDARD)
    assert sender.cause(listed(0)) is None
    assert sender.cause(listed(7)) is None
    assert sender.cause(listed(7, b" ", b"v1a,AAAA", b"v2,AAAA", b"", b"noise")) is None
    assert sender.cause(listed(8)) == NO_MATCH


def test_a_header_has_a_length() -> None:
    sender = desk(STANDARD)
    assert sender.cause(listed(0, b" ", b"x" * 4_048)) is None
    said = "header Webhook-Signature longer than 4096 bytes"
    assert sender.cause(listed(0, b" ", b"x" * 4_049)) == said


def test_pairs_may_have_blanks_around_them() -> None:
    sender = desk(OF_PAIRS, secrets=[SECRET])
    signature = mac(b"%d.%b" % (SECONDS, BODY)).hex().encode()

    def cause(header: bytes) -> str | None:
        return sender.cause(Call(((b"x-signature", header),), BODY))

    assert cause(b"t=%d,v1=%b" % (SECONDS, signature)) is None
    assert cause(b" t=%d , v0=00, v1=00 , v1=%b" % (SECONDS, signature)) is None
    assert cause(b"v1=%b" % signature) == "t= in header X-Signature missing"
    assert cause(b"t=1,t=2,v1=%b" % signature) == "t= in header X-Signature 2 times"
    assert cause(b"t=%d" % SECONDS) == "the prefix v1= is missing in header X-Signature"
    assert cause(b"t=,v1=%b" % signature) == "t= in header X-Signature missing"
    assert cause(b"t=soon,v1=%b" % signature) == "t= in header X-Signature is not unix seconds"


# -- times ---------------------------------------------------------------------------------------


def test_the_time_is_looked_at_first_and_its_age_is_said() -> None:
    sender = desk(STANDARD)
    call = sender.call()
    assert sender.cause(call, NOW + 300_000) is None
    assert sender.cause(call, NOW - 300_000) is None
    assert sender.cause(call, NOW + 412_000) == "timestamp 412 s old"
    assert sender.cause(call, NOW - 301_000) == "timestamp 301 s in the future"
    assert sender.cause(replace(call, body=b"{}"), NOW + 412_000) == "timestamp 412 s old"


def test_a_time_in_the_body_is_looked_at_after_the_signature() -> None:
    sender = desk(OF_BODY)
    call = sender.call()
    assert sender.cause(call, NOW + 61_000) == "timestamp 61 s old"
    assert sender.cause(replace(call, body=b"{}"), NOW + 61_000) == NO_MATCH
    bare = Call((), BODY)
    signature = signing.signed(desk(HUB).definition, sender.secrets, bare, NOW).headers[0][1]
    unstamped = Call(((b"x-signature", signature.removeprefix(b"sha256=")),), BODY)
    assert sender.cause(unstamped) == "sentAt in the body missing"
    lenient = {**OF_BODY, "timestamp": {"from": "body:sentAt", "required": False}}
    assert desk(lenient).cause(unstamped) is None
    assert desk(lenient).cause(call, NOW + 400_000) == "timestamp 400 s old"
    text = b"no JSON"
    signed = Call(((b"x-signature", mac(text).hex().encode()),), text)
    assert refusal(OF_BODY, signed) == "the body, which holds the timestamp, cannot be read"


@pytest.mark.parametrize(
    ("unit", "text", "good"),
    [
        ("s", b"1795424400", True),
        ("s", b"1795424400.25", True),
        ("s", b"1795424400000", False),
        ("s", b"+1795424400", False),
        ("s", "１７９５４２４４００".encode(), False),  # noqa: RUF001 - digits, but not these.
        ("ms", b"1795424400000", True),
        ("ms", b"1795424400000.0", True),
        ("ms", b"soon", False),
        ("iso", b"2026-11-23T09:00:00Z", True),
        ("iso", b"2026-11-23T10:00:00.123+01:00", True),
        ("iso", b"2026-11-23T09:00:00", True),
        ("iso", b"2026-11-23T09:00:00" + b"Z" * 30, False),
        ("iso", b"soon", False),
        ("iso", b"1795424400", False),
        ("auto", b"1795424400", True),
        ("auto", b"1795424400000", True),
        ("auto", b"2026-11-23T09:00:00Z", True),
        ("auto", b"-1", False),
    ],
)
def test_a_time_may_be_written_so(unit: str, text: bytes, good: bool) -> None:
    auth = {
        "scheme": "hmac",
        "header": "X-Signature",
        "signed": "{header:X-Time}{body}",
        "timestamp": {"from": "header:x-time", "unit": unit},
    }
    headers = ((b"x-time", text), (b"x-signature", mac(text + BODY).hex().encode()))
    cause = refusal(auth, Call(headers, BODY)) or ""
    assert cause.startswith("" if good else "header x-time is not ")
    assert bool(cause) is not good


# -- tables that cannot work ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({**HUB, "header": ""}, "auth.0: a header is needed"),
        ({**HUB, "header": "X Signature"}, "auth.0: a header is needed"),
        ({**HUB, "signed": "{body}{time}"}, "auth.0: signed: {time} is no part; there are {body}"),
        ({**HUB, "signed": "{body}{header:}"}, "auth.0: a header is needed"),
        ({**HUB, "signed": "{body}{"}, "auth.0: signed: a lone {; there are {body}"),
        ({**HUB, "signed": "}{body}"}, "auth.0: signed: a lone }; there are {body}"),
        ({**HUB, "signed": "{url}{body}"}, "auth.0: signed: {url} needs public_url"),
        ({**HUB, "signed": "{sig:t}{body}"}, "auth.0: signed: {sig:t} needs separator"),
        ({**HUB, "signed": "{header:X-Time}"}, "auth.0: signed: without {body} anybody could"),
        ({**DIGEST, "signed": "{body}"}, "auth.0: signed: a digest needs {secret}"),
        ({**HUB, "timestamp": {"from": "header:X-Time"}}, "auth.0: timestamp.from: header:x-time"),
        ({**HUB, "timestamp": {"from": "sig:t"}}, "auth.0: signed: {sig:t} needs separator"),
        (
            {**HUB, "timestamp": {"from": "header:X-Time", "required": False}},
            "auth.0: timestamp.required: false is for body:PATH only",
        ),
        ({**HUB, "key_encoding": "hex"}, "auth.0: secret 1 of 1 is not hex; copy it whole"),
        ({**HUB, "key_encoding": "base64"}, "auth.0: secret 1 of 1 is not base64; copy it whole"),
        ({**HUB, "key_encoding": "base64url"}, ""),
        ({**HUB, "secrets": []}, 'auth.0: no secret; add secrets = ["env:NAME"]'),
        ({**HUB, "secrets": ["short"]}, "auth.0: secret 1 of 1 is shorter than 6 characters"),
        (
            {**HUB, "secrets": [SECRET, "short", "whsec_"], "key_prefix": "whsec_"},
            "auth.0: secret 2 of 3 is shorter than 6 characters; take a longer one, best 32 "
            "random ones\nauth.0: secret 3 of 3 is shorter",
        ),
    ],
)
def test_a_table_that_cannot_work_is_refused(auth: Mapping[str, Any], said: str) -> None:
    secrets = ["YS1zZWNyZXQtb2Y"] if auth.get("key_encoding") == "base64url" else [SECRET]
    told = fault(auth, secrets=secrets)
    assert told.startswith(said)
    assert bool(told) == bool(said)
    assert SECRET not in told
    assert '"short"' not in told
