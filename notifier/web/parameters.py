"""The query of a list: read by name, checked, every fault collected.

Takes the pairs of a query string, gives text, instants and states. Refuses nothing at once:
what is wrong or unknown is in `faults`, and the caller answers 422 when there are any.
"""

import re
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

from notifier.model import times
from notifier.model.errors import Fault
from notifier.model.events import EventStatus
from notifier.model.states import State
from notifier.model.times import Instant
from notifier.store.views import Slice
from notifier.web import cursors

T = TypeVar("T")

LIMIT_DEFAULT = 50
LIMIT_MOST = 200

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_STATUSES: dict[str, EventStatus] = {
    "accepted": "accepted",
    "ignored": "ignored",
    "unmapped": "unmapped",
    "replayed": "replayed",
}


class Parameters:
    """One query. Every reading method gives its default when the value is wrong."""

    def __init__(self, pairs: Iterable[tuple[str, str]], known: Collection[str]) -> None:
        """`known` are the parameters of the call; any other is a fault."""
        self.faults: list[Fault] = []
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)
        for name in self._values.keys() - set(known):
            self._blame(name, "is not a parameter of this call")

    def text(self, name: str) -> str | None:
        """Give free text."""
        return self._one(name, _text)

    def instant(self, name: str) -> Instant | None:
        """Give an RFC 3339 time."""
        return self._one(name, _instant)

    def status(self, name: str) -> EventStatus | None:
        """Give the status of an event."""
        return self._one(name, _status)

    def states(self, name: str) -> tuple[State, ...]:
        """Give every state asked for; the parameter may be repeated."""
        found = [self._read(name, text, _state) for text in self._values.get(name, [])]
        return tuple(state for state in found if state is not None)

    def flag(self, name: str) -> bool:
        """Give true or false; false when it is not given."""
        return self._one(name, _flag) or False

    def part(self, of: cursors.List) -> Slice:
        """Give which part of the list is wanted, from `limit` and `cursor`."""
        limit = self._one("limit", _limit)
        before = self._one("cursor", lambda text: cursors.read(of, text))
        return Slice(LIMIT_DEFAULT if limit is None else limit, before)

    def _one(self, name: str, read: Callable[[str], T]) -> T | None:
        values = self._values.get(name, [])
        if len(values) > 1:
            self._blame(name, "may be given once only")
        return self._read(name, values[0], read) if len(values) == 1 else None

    def _read(self, name: str, text: str, read: Callable[[str], T]) -> T | None:
        try:
            return read(text)
        except ValueError as error:
            self._blame(name, str(error))
            return None

    def _blame(self, name: str, message: str) -> None:
        self.faults.append(Fault(name, message))


def _text(text: str) -> str:
    # A NUL is in no stored text, and not every database can be asked for one.
    if not text or "\0" in text:
        raise ValueError("must be text that is not empty")
    return text


def _instant(text: str) -> Instant:
    wrong = ValueError("must be a time since 1970 like 2026-11-23T09:00:00Z (write + as %2B)")
    if not _RFC3339.fullmatch(text):
        raise wrong
    try:
        found = times.from_text(text.upper())
    except ValueError:
        raise wrong from None
    if not 0 <= found <= times.LAST:
        raise wrong
    return found


def _status(text: str) -> EventStatus:
    if text not in _STATUSES:
        raise ValueError(f"must be one of: {', '.join(_STATUSES)}")
    return _STATUSES[text]


def _state(text: str) -> State:
    if text not in set(State):
        raise ValueError(f"must be one of: {', '.join(State)}")
    return State(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= LIMIT_MOST:
        raise ValueError(f"must be a whole number from 1 to {LIMIT_MOST}")
    return int(text)
