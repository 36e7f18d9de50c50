"""HTTP basic authentication (RFC 7617): one user, several passwords while one is rotated.

Takes a table and secrets, gives what verifies calls. Refuses (ConfigurationError) a user with a
colon; (BadSignature) a call without user and password.
"""

import binascii

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.model.times import Instant
from notifier.sources.call import Call
from notifier.sources.definition import Basic
from notifier.sources.schemes import keys
from notifier.sources.schemes.base import Given, Header
from notifier.sources.schemes.signed import any_equal


class BasicScheme:
    """Compares user and password as one."""

    confidential = frozenset({"authorization"})

    def __init__(self, entry: Basic, given: Given) -> None:
        """Raise ConfigurationError for a user or a password that cannot be."""
        if not entry.user or ":" in entry.user:
            raise ConfigurationError("user: write a name, without a colon")
        self._header = Header("Authorization")
        self._pairs, self._retired = keys.made(
            given.secrets,
            given.retired,
            lambda text: f"{entry.user}:{keys.long_enough(text)}".encode(),
        )

    def verify(self, call: Call, now: Instant) -> None:
        """Return if user and password are right; raises BadSignature."""
        kind, _, encoded = self._header.one(call).partition(b" ")
        if kind.lower() != b"basic":
            raise BadSignature("header Authorization is not `Basic` and a user")
        try:
            pair = binascii.a2b_base64(encoded.strip(), strict_mode=True)
        except ValueError:
            raise BadSignature("header Authorization is not base64 after `Basic`") from None
        if any_equal(pair, self._pairs):
            return
        if any_equal(pair, self._retired):
            raise BadSignature("the password is a secret that is no longer active")
        raise BadSignature("user or password is wrong")


def build(entry: Basic, given: Given) -> BasicScheme:
    """Give the scheme of a table; raises ConfigurationError."""
    return BasicScheme(entry, given)
