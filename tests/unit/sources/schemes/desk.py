"""Help desks of every scheme, with secrets made up, for the tests of authentication."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.sources.authenticating import Authenticator, authenticator
from notifier.sources.call import Call
from notifier.sources.definition import Definition
from tests.presets import signing

NOW = 1_795_424_400_000
"""2026-11-23T09:00:00Z."""

SECONDS = NOW // 1000
BODY = b'{"ticket": {"id": 81, "title": "Drucker br\xc3\xa4nnt"}}'
SECRET = "a-secret-of-the-tests"
URL = "https://notify.example.com/webhooks/desk"


@dataclass(frozen=True)
class Desk:
    """A source under test, and the secrets of its sender."""

    definition: Definition
    authenticator: Authenticator
    secrets: list[str]
    auth: list[Mapping[str, Any]]

    def call(self, body: bytes = BODY, *headers: tuple[bytes, bytes], now: int = NOW) -> Call:
        """Give a call as its help desk makes it."""
        return signing.signed(self.definition, self.secrets, Call(headers, body), now)

    def cause(self, call: Call, now: int = NOW) -> str | None:
        """Give why a call is refused, or None when it is let in."""
        return cause(self.authenticator, call, now)


def desk(*auth: Mapping[str, Any], **more: Any) -> Desk:
    """Give a help desk with these schemes, and one secret for all unless there are `secrets`."""
    entries = Definition.model_validate({"auth": list(auth)}).auth
    pair = signing.invented(entries[0])
    table = {"secrets": [pair.configured], "public_url": URL, **more, "auth": list(auth)}
    secrets = more.get("secrets") or [pair.signing]
    return Desk(Definition.model_validate(table), built(table), secrets, list(auth))


def built(table: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> Authenticator:
    """Build the authenticator of a table; secrets stand for themselves."""
    return authenticator(Definition.model_validate(table), resolved, (files or {}).__getitem__)


def resolved(text: str) -> str:
    """Give the secret; `env:` is never set."""
    if text.startswith("env:"):
        raise ConfigurationError(f"the variable {text[4:]} is not set")
    return text


def cause(authenticator: Authenticator, call: Call, now: int = NOW) -> str | None:
    """Give why a call is refused, or None when it is let in."""
    try:
        authenticator.verify(call, now)
    except BadSignature as error:
        return str(error)
    return None


def fault(*auth: Mapping[str, Any], **more: Any) -> str:
    """Give what is said of a table that cannot work, "" for one that can."""
    try:
        built({"secrets": [SECRET], **more, "auth": list(auth)})
    except ConfigurationError as error:
        return str(error)
    return ""


STANDARD = {
    "scheme": "hmac",
    "header": "Webhook-Signature",
    "separator": " ",
    "prefix": "v1,",
    "encoding": "base64",
    "key_prefix": "whsec_",
    "key_encoding": "base64",
    "signed": "{header:webhook-id}.{header:webhook-timestamp}.{body}",
    "timestamp": {"from": "header:webhook-timestamp", "unit": "s"},
}
ASYMMETRIC = {
    "scheme": "ed25519",
    "header": "Webhook-Signature",
    "separator": " ",
    "prefix": "v1a,",
    "signed": "{header:webhook-id}.{header:webhook-timestamp}.{body}",
    "timestamp": {"from": "header:webhook-timestamp"},
}
HUB = {"scheme": "hmac", "header": "X-Hub-Signature-256", "prefix": "sha256="}
OF_PAIRS = {
    "scheme": "hmac",
    "header": "X-Signature",
    "separator": ",",
    "prefix": "v1=",
    "signed": "{sig:t}.{body}",
    "timestamp": {"from": "sig:t", "unit": "s"},
}
OF_BODY = {
    "scheme": "hmac",
    "header": "X-Signature",
    "timestamp": {"from": "body:sentAt", "unit": "ms", "tolerance": "60s"},
}
OF_URL = {
    "scheme": "hmac",
    "header": "X-Signature",
    "encoding": "base64url",
    "algorithm": "sha512",
    "signed": "{method}{url}{body}{header:X-Time}",
    "timestamp": {"from": "header:X-Time", "unit": "iso"},
}
HASHED = {
    "scheme": "hmac",
    "header": "X-Signature",
    "algorithm": "sha1",
    "encoding": "base64",
    "key_hash": "sha256",
}
DIGEST = {"scheme": "digest", "header": "X-Signature", "signed": "{secret}{body}"}
JWT = {"scheme": "jwt", "algorithms": ["RS256"], "issuer": "desk", "audience": "notifier"}
SHARED_JWT = {"scheme": "jwt", "header": "X-Token", "algorithms": ["HS256"], "milliseconds": True}
MESSAGE = {"scheme": "rfc9421", "keyid": "desk-1"}
MESSAGE_ED25519 = {"scheme": "rfc9421", "algorithm": "ed25519"}

COVERING: dict[str, dict[str, Any]] = {
    "standard": STANDARD,
    "asymmetric": ASYMMETRIC,
    "hub": HUB,
    "pairs": OF_PAIRS,
    "body": OF_BODY,
    "url": OF_URL,
    "hashed": HASHED,
    "digest": DIGEST,
    "message": MESSAGE,
    "message-ed25519": MESSAGE_ED25519,
}
"""Schemes that sign the body."""

OTHERS: dict[str, dict[str, Any]] = {
    "header": {"scheme": "token", "in": "header", "name": "X-Api-Key"},
    "bearer": {"scheme": "token", "in": "bearer"},
    "query": {"scheme": "token", "in": "query", "name": "token"},
    "path": {"scheme": "token", "in": "path"},
    "in-body": {"scheme": "token", "in": "body", "name": "auth.token"},
    "basic": {"scheme": "basic", "user": "desk"},
    "jwt": JWT,
    "shared-jwt": SHARED_JWT,
    "ec-jwt": {"scheme": "jwt", "algorithms": ["ES256"]},
    "eddsa-jwt": {"scheme": "jwt", "algorithms": ["EdDSA", "ES256"]},
}
"""Schemes that say who calls, and nothing of the body."""

EVERY: dict[str, dict[str, Any]] = {**COVERING, **OTHERS}


def mac(data: bytes, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    """Give the HMAC of some data."""
    return hmac.digest(secret.encode(), data, algorithm)


def refusal(auth: Mapping[str, Any], call: Call, **more: Any) -> str | None:
    """Give why a call is refused by a source whose only secret is SECRET."""
    return desk(auth, secrets=[SECRET], **more).cause(call)


def hub(signature: bytes, body: bytes = BODY) -> str | None:
    """Give why a call with this signature in X-Hub-Signature-256 is refused."""
    return refusal(HUB, Call(((b"x-hub-signature-256", signature),), body))
