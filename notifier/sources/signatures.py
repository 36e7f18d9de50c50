"""Signatures of webhooks by Standard Webhooks, version 1, over the raw bytes of a call.

Takes a call, secrets and the present instant, gives nothing or a signature. Refuses every
call not signed with one of the secrets within the tolerance (BadSignature). Specification:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import binascii
import hmac
import re
from collections.abc import Sequence

from notifier.model.errors import BadSignature, Stale
from notifier.model.times import SECOND, Instant, Millis
from notifier.sources.call import Call
from notifier.sources.secrets import Secret, parse_one

_ID = b"webhook-id"
_TIMESTAMP = b"webhook-timestamp"
_SIGNATURE = b"webhook-signature"

_MOST_SIGNATURES = 8
_LONGEST_SIGNATURES = 4096
_LONGEST_ID = 255

_PRINTABLE = re.compile(rb"[ -~]+")
_DIGITS = re.compile(rb"[0-9]{1,12}")
# Base64 of exactly 32 bytes: the last letter before the padding carries four bits, not six.
_V1 = re.compile(rb"v1,([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)")

# So that a service without secrets takes no less time over a call than one that has some.
_NO_KEY = bytes(32)


def verify(call: Call, secrets: Sequence[Secret], tolerance: Millis, now: Instant) -> None:
    """Return if one of the signatures was made with one of the secrets.

    Raises BadSignature with the exact cause, which is for the log only: it holds neither a
    secret nor anything that the caller sent.
    """
    name = _one(call, _ID)
    _check_id(name)
    timestamp = _one(call, _TIMESTAMP)
    _check_age(_seconds(timestamp), tolerance, now)
    given = _digests(_one(call, _SIGNATURE))
    if not _any_matches(given, name, timestamp, call.body, secrets):
        raise BadSignature(
            "no signature matches: wrong secret or changed body"
            if secrets
            else "no secret is configured: set WEBHOOK_SECRET, `notifier init` makes one"
        )


def sign(secret: Secret | str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Give the `webhook-signature` of a call; `timestamp` in whole seconds since 1970.

    `secret` may be one `whsec_…` text. Raises ConfigurationError when that is no secret,
    ValueError when the id is not ASCII.
    """
    if isinstance(secret, str):
        secret = parse_one(secret)
    digest = _digest(secret.key, webhook_id.encode("ascii"), str(timestamp).encode(), body)
    return "v1," + binascii.b2a_base64(digest, newline=False).decode()


def webhook_id(call: Call) -> str:
    """Give the id by which a repeat is known; raises BadSignature when it is not one."""
    name = _one(call, _ID)
    _check_id(name)
    return name.decode()


def signed_at(call: Call) -> Instant:
    """Give when the sender says it signed; raises BadSignature when it does not say so."""
    return _seconds(_one(call, _TIMESTAMP)) * SECOND


def _one(call: Call, name: bytes) -> bytes:
    values = [value for key, value in call.headers if key == name]
    if len(values) > 1:
        # Which one counts would be a matter of taste, and of each proxy on the way.
        raise BadSignature(f"header {name.decode()} given {len(values)} times")
    if not values or not values[0]:
        raise BadSignature(f"header {name.decode()} missing")
    return values[0]


def _check_id(name: bytes) -> None:
    if len(name) > _LONGEST_ID or not _PRINTABLE.fullmatch(name):
        raise BadSignature(f"header {_ID.decode()} is not 1 to 255 printable ASCII characters")


def _seconds(timestamp: bytes) -> int:
    if not _DIGITS.fullmatch(timestamp):
        raise BadSignature(f"header {_TIMESTAMP.decode()} is not unix seconds in 1 to 12 digits")
    return int(timestamp)


def _check_age(seconds: int, tolerance: Millis, now: Instant) -> None:
    age = now - seconds * SECOND
    if age > tolerance:
        raise Stale(f"timestamp {age // SECOND} s old")
    if -age > tolerance:
        raise Stale(f"timestamp {-age // SECOND} s in the future")


def _digests(signatures: bytes) -> list[bytes]:
    if len(signatures) > _LONGEST_SIGNATURES:
        raise BadSignature(f"header {_SIGNATURE.decode()} longer than {_LONGEST_SIGNATURES} bytes")
    items = signatures.split(b" ")
    if len(items) > _MOST_SIGNATURES:
        raise BadSignature(
            f"header {_SIGNATURE.decode()} holds more than {_MOST_SIGNATURES} signatures"
        )
    matches = [_V1.fullmatch(item) for item in items]
    found = [binascii.a2b_base64(match[1], strict_mode=True) for match in matches if match]
    if not found:
        raise BadSignature(f"header {_SIGNATURE.decode()} holds no `v1,` with base64 of 32 bytes")
    return found


def _any_matches(
    given: Sequence[bytes],
    name: bytes,
    timestamp: bytes,
    body: bytes,
    secrets: Sequence[Secret],
) -> bool:
    # Every secret is tried against every signature, so that time tells nothing of which fitted.
    keys = [secret.key for secret in secrets] or [_NO_KEY]
    expected = [_digest(key, name, timestamp, body) for key in keys]
    matched = False
    for ours in expected:
        for theirs in given:
            matched |= hmac.compare_digest(ours, theirs)
    return matched and bool(secrets)


def _digest(key: bytes, name: bytes, timestamp: bytes, body: bytes) -> bytes:
    # hmac.digest lets other threads in while it computes, which takes longer than computing.
    return hmac.new(key, b"%b.%b.%b" % (name, timestamp, body), "sha256").digest()
