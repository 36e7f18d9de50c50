"""How long ago a call was signed.

Takes a time as a sender writes it, gives an instant. Refuses (Stale) what was signed too long
ago or lies ahead, (BadSignature) what is no time.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from notifier.model.errors import BadSignature, ConfigurationError, Stale, WebhookError
from notifier.model.times import SECOND, Instant, Millis
from notifier.sources import lookup
from notifier.sources.call import Call
from notifier.sources.definition import Timestamp
from notifier.sources.schemes import template
from notifier.sources.schemes.base import Header

_SECONDS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9}))?")
_MILLIS = re.compile(r"([0-9]{1,14})(?:\.[0-9]{1,9})?")
_LONGEST = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Later than the year 5000 in seconds, the year 1973 in milliseconds.
_SURELY_MILLIS = 10**11

Find = Callable[[Call, bytes], bytes | str]
"""Of a call and its signature header."""


class Age:
    """The time that a call says it was signed at, held against the clock."""

    def __init__(self, entry: Timestamp, header: Header, separator: str, form: str) -> None:
        """Raise ConfigurationError for a place that cannot be."""
        kind, _, name = entry.place.partition(":")
        self.part = f"{kind}:{name.lower() if kind == 'header' else name}"
        self.in_body = kind == "body"
        if not (entry.required or self.in_body):
            raise ConfigurationError(
                "timestamp.required: false is for body:PATH only; what is signed must be there"
            )
        self._find, self._what = _finder(kind, name, header, separator, form)
        self._read = _UNITS[entry.unit]
        self._unit = _WORDS[entry.unit]
        self._tolerance = entry.tolerance
        self._required = entry.required

    def check(self, call: Call, given: bytes, now: Instant) -> None:
        """Return if the call is fresh; raises Stale or BadSignature."""
        text = self._find(call, given)
        if not text:
            if self._required:
                raise BadSignature(f"{self._what} missing")
            return
        written = text if isinstance(text, str) else text.decode("latin-1")
        try:
            at = self._read(written)
        except ValueError:
            raise BadSignature(f"{self._what} is not {self._unit}") from None
        check_age(at, self._tolerance, now)


def check_age(at: Instant, tolerance: Millis, now: Instant) -> None:
    """Raise Stale when `at` is further from `now` than `tolerance`."""
    age = now - at
    if age > tolerance:
        raise Stale(f"timestamp {age // SECOND} s old")
    if -age > tolerance:
        raise Stale(f"timestamp {-age // SECOND} s in the future")


def _finder(kind: str, name: str, header: Header, separator: str, form: str) -> tuple[Find, str]:
    if kind == "header":
        wanted = Header(name)
        return (lambda call, given: wanted.one(call)), f"header {name}"
    if kind == "sig":
        find = template.pair(name, header, separator)
        return (lambda call, given: find(given)), f"{name}= in header {header.name}"

    def look(call: Call, given: bytes) -> str:
        try:
            return lookup.in_body(call, name, form) or ""
        except WebhookError:
            raise BadSignature("the body, which holds the timestamp, cannot be read") from None

    return look, f"{name} in the body"


def _seconds(text: str) -> Instant:
    found = _SECONDS.fullmatch(text)
    if not found:
        raise ValueError
    return int(found[1]) * SECOND + int((found[2] or "").ljust(3, "0")[:3])


def _millis(text: str) -> Instant:
    found = _MILLIS.fullmatch(text)
    if not found:
        raise ValueError
    return int(found[1])


def _iso(text: str) -> Instant:
    if len(text) > _LONGEST:
        raise ValueError
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _auto(text: str) -> Instant:
    found = _MILLIS.fullmatch(text)
    if not found:
        return _iso(text)
    return int(found[1]) if int(found[1]) >= _SURELY_MILLIS else _seconds(text)


_UNITS: dict[str, Callable[[str], Instant]] = {
    "s": _seconds,
    "ms": _millis,
    "iso": _iso,
    "auto": _auto,
}
_WORDS = {
    "s": "unix seconds",
    "ms": "unix milliseconds",
    "iso": "an ISO 8601 time",
    "auto": "unix seconds, unix milliseconds or an ISO 8601 time",
}


def check_signed(age: Age, signed: template.Template) -> None:
    """Raise ConfigurationError for a time that anybody could change on the way."""
    if not age.in_body and age.part not in signed.names:
        raise ConfigurationError(
            f"timestamp.from: {age.part} is not signed, so it proves nothing; "
            f"add {{{age.part}}} to signed where the sender signs it, else leave timestamp out"
        )
