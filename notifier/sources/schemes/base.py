"""What every scheme is built with, and what it can do.

Takes names from a table, gives them checked. Refuses (ConfigurationError) what can be no header;
(BadSignature) a call in which a header is missing or stands twice.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.model.times import Instant
from notifier.sources.call import Call

NO_MATCH = "no signature matches: wrong secret or changed body"
RETIRED = "signed with a secret that is no longer active"

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


class Scheme(Protocol):
    """One way of knowing who called."""

    @property
    def confidential(self) -> frozenset[str]:
        """Give what holds a secret in a call: see Authenticator.confidential."""
        ...

    def verify(self, call: Call, now: Instant) -> None:
        """Return if somebody who knows a secret made the call; raises BadSignature or Stale."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """What a source gives to each of its schemes."""

    secrets: Sequence[str] = field(repr=False)
    retired: Sequence[str] = field(repr=False)
    public_url: str | None
    form: str
    read_file: Callable[[str], bytes]


class Header:
    """The name of a header: as it was written for messages, in lower case for calls."""

    __slots__ = ("key", "name")

    def __init__(self, name: str) -> None:
        """Raise ConfigurationError when no header can have that name."""
        if not _HEADER.fullmatch(name):
            raise ConfigurationError("a header is needed; write its name, such as X-Signature")
        self.name = name
        self.key = name.lower().encode()

    def one(self, call: Call) -> bytes:
        """Give the only value; raises BadSignature when there is none, or more than one."""
        key = self.key
        values = [value for name, value in call.headers if name == key]
        if len(values) > 1:
            # Which one counts would be a matter of taste, and of each proxy on the way.
            raise BadSignature(f"header {self.name} given {len(values)} times")
        if not values or not values[0]:
            raise BadSignature(f"header {self.name} missing")
        return values[0]
