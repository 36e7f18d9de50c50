"""Everybody, which has to be spelled out, and nobody.

Takes a table, gives what refuses nothing; takes a cause, gives what refuses all (BadSignature).
"""

from notifier.model.errors import BadSignature
from notifier.model.times import Instant
from notifier.sources.call import Call
from notifier.sources.definition import NoAuth
from notifier.sources.schemes.base import Given


class Open:
    """Lets everybody in."""

    confidential: frozenset[str] = frozenset()

    def verify(self, call: Call, now: Instant) -> None:
        """Return."""


class Closed:
    """Lets nobody in: an alternative that none of the secrets is for."""

    confidential: frozenset[str] = frozenset()

    def __init__(self, cause: str) -> None:
        """`cause` holds no secret."""
        self._cause = cause

    def verify(self, call: Call, now: Instant) -> None:
        """Raise BadSignature."""
        raise BadSignature(self._cause)


def build(entry: NoAuth, given: Given) -> Open:
    """Give the scheme of a table."""
    return Open()
