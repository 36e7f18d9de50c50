"""The id of a call: in the header X-Request-Id of its answer, and on every line logged meanwhile.

Takes the caller's own id when it is harmless, else makes one. Refuses (passes over) an id that is
longer than 64 characters or holds anything but letters, digits, `.`, `_` and `-`.
"""

import itertools
import re
import secrets
from collections.abc import Iterable
from contextvars import ContextVar

HEADER = b"x-request-id"

_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}", re.ASCII)
# Ids of two processes, or of one before and after a restart, must not meet.
_PROCESS = secrets.token_hex(5)
_numbers = itertools.count(1)

current: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the call that is being answered in this context."""


def begin(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Give the call of this context its id."""
    for name, value in headers:
        if name == HEADER and _HARMLESS.fullmatch(value):
            current.set(value.decode())
            return
    current.set(new())


def new() -> str:
    """Make an id that this process has not made before."""
    return f"req_{_PROCESS}{next(_numbers):06x}"
