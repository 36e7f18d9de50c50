"""Why a signature did not match: what the operator is told."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from notifier.sources.call import Call
from tests.unit.sources.schemes.desk import (
    BODY,
    HASHED,
    HUB,
    NOW,
    SECONDS,
    STANDARD,
    desk,
    hub,
    mac,
    refusal,
)

NO_MATCH = "no signature matches: wrong secret or changed body"
RESERIALISED = "signature matches the body re-serialised, not the raw bytes"


def test_a_missing_prefix_and_a_wrong_spelling_are_said() -> None:
    digest = mac(BODY)
    header = "header X-Hub-Signature-256"
    assert hub(digest.hex().encode()) == f"the prefix sha256= is missing in {header}"
    assert hub(b"sha256=" + base64.b64encode(digest)) == (
        f"{header}: signature is base64 where hex is wanted"
    )
    assert hub(b"sha256=abc") == f"{header}: signature is not hex of 32 bytes"
    wrong = Call(((b"x-signature", mac(BODY).hex().encode()),), BODY)
    assert refusal(HASHED, wrong) == "header X-Signature: signature is not base64 of 20 bytes"
    sha1 = mac(BODY, algorithm="sha1").hex().encode()
    assert refusal(HASHED, Call(((b"x-signature", sha1),), BODY)) == (
        "header X-Signature: signature is hex where base64 is wanted"
    )


@pytest.mark.parametrize(
    "written",
    [
        lambda value: json.dumps(value, separators=(",", ":")),
        lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
        lambda value: json.dumps(value),
        lambda value: json.dumps(value, ensure_ascii=False),
    ],
)
@pytest.mark.parametrize("auth", [STANDARD, HUB])
def test_a_body_that_was_written_anew_on_the_way_is_known(
    written: Callable[[object], str], auth: Mapping[str, Any]
) -> None:
    sender = desk(auth)
    value = json.loads(BODY)
    call = sender.call(written(value).encode())
    arrived = replace(call, body=json.dumps(value, indent=2, ensure_ascii=False).encode())
    assert sender.cause(arrived) == RESERIALISED


def test_a_line_break_at_the_end_is_known() -> None:
    sender = desk(HUB)
    call = sender.call()
    assert sender.cause(replace(call, body=BODY + b"\r\n")) == (
        "signature matches the body without the line break at its end"
    )
    assert sender.cause(replace(sender.call(BODY + b"\n"), body=BODY)) == (
        "signature matches the body with a line break at its end"
    )


@pytest.mark.parametrize("body", [b"not JSON", b"[" * 9_000, b"\xff", b'"\\ud800"'])
def test_what_cannot_be_written_anew_is_a_plain_refusal(body: bytes) -> None:
    sender = desk(HUB)
    assert sender.cause(replace(sender.call(), body=body)) == NO_MATCH


def of_parts(data: bytes, header: str = "x-signature") -> Call:
    return Call(
        (
            (b"x-id", b"id-1"),
            (b"x-time", b"%d" % SECONDS),
            (header.encode(), mac(data).hex().encode()),
        ),
        BODY,
    )


@pytest.mark.parametrize(
    ("signed", "data", "cause"),
    [
        ("{header:X-Id}.{header:X-Time}.{body}", BODY, "the body alone"),
        ("{header:X-Id}.{header:X-Time}.{body}", b"id-1." + BODY, "without the timestamp"),
        ("{header:X-Time}.{header:X-Id}.{body}", b"id-1." + BODY, "without the timestamp"),
        ("{body}{header:X-Time}", b"%d%b" % (SECONDS, BODY), "the parts in reverse order"),
        ("{header:X-Time}{body}{header:X-Id}", BODY + b"id-1", "without the timestamp"),
    ],
)
def test_a_signature_over_other_parts_is_known(signed: str, data: bytes, cause: str) -> None:
    auth = {
        "scheme": "hmac",
        "header": "X-Signature",
        "signed": signed,
        "timestamp": {"from": "header:X-Time"},
    }
    assert refusal(auth, of_parts(data)) == f"signature matches {cause}"
    assert refusal(auth, of_parts(b"other")) == NO_MATCH


@pytest.mark.parametrize(
    ("key", "change", "mend"),
    [
        (b"YS1zZWNyZXQtb2Y=", {"key_encoding": "base64"}, 'key_encoding = "utf8"'),
        (b"a-secret-of", {"key_encoding": "utf8"}, 'key_encoding = "base64"'),
        (
            b"whsec_YS1zZWNyZXQtb2Y=",
            {"key_encoding": "base64", "key_prefix": "whsec_"},
            'key_prefix = "" and key_encoding = "utf8"',
        ),
    ],
)
def test_a_secret_that_is_read_otherwise_is_known(
    key: bytes, change: Mapping[str, str], mend: str
) -> None:
    secret = key.decode() if len(key) > 11 else "YS1zZWNyZXQtb2Y="
    sender = desk({**HUB, **change}, secrets=[secret])
    signature = b"sha256=" + hmac.digest(key, BODY, "sha256").hex().encode()
    assert sender.cause(Call(((b"x-hub-signature-256", signature),), BODY)) == (
        f"signature matches the secret read otherwise: set {mend}"
    )


def test_strangers_cannot_have_many_calls_looked_into() -> None:
    sender = desk(HUB)

    def arrived(size: int) -> Call:
        call = sender.call(json.dumps({"text": "x" * size}, separators=(",", ":")).encode())
        return replace(call, body=json.dumps({"text": "x" * size}, indent=1).encode())

    small, large, too_large = arrived(100), arrived(250_000), arrived(300_000)
    causes = [sender.cause(small) for _ in range(9)]
    assert causes.count(RESERIALISED) == 7
    assert causes[-1] == NO_MATCH
    assert sender.cause(large, NOW + 1_000) == RESERIALISED
    assert sender.cause(small, NOW + 1_999) == NO_MATCH
    assert sender.cause(small, NOW + 2_000) == RESERIALISED
    assert sender.cause(large, NOW + 2_000) == NO_MATCH
    assert sender.cause(too_large, NOW + 3_000) == NO_MATCH


def test_no_nesting_of_a_stranger_is_too_deep() -> None:
    # How deep is too deep to be written, though it could be read, nobody knows beforehand.
    for depth in range(1, 1_100):
        body = b"[" * depth + b"]" * depth
        assert hub(b"sha256=" + b"0" * 64, body) == NO_MATCH
