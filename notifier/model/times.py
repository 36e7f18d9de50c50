"""Instants and durations, both in whole milliseconds, and the clock as a protocol.

Takes integers and RFC 3339 text, gives the other. Refuses text without a zone (ValueError).
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

Instant = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Millis = int
"""A duration in milliseconds."""

SECOND: Millis = 1000
MINUTE: Millis = 60 * SECOND
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR

LAST: Instant = 253_402_300_799_999
"""The last instant that RFC 3339 can write: 9999-12-31T23:59:59.999Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WITHOUT_ZONE = _EPOCH.replace(tzinfo=None)
_MILLISECOND = timedelta(milliseconds=1)


class Clock(Protocol):
    """The only way any part learns the time or waits for it."""

    def now(self) -> Instant:
        """Give the present instant; it never runs backwards within a process."""
        ...

    def wall(self) -> Instant:
        """Give what the machine says the time is; it jumps when somebody sets it."""
        ...

    async def sleep(self, duration: Millis) -> None:
        """Return after `duration`."""
        ...


def to_text(instant: Instant) -> str:
    """Write an instant as RFC 3339 UTC with milliseconds and `Z`."""
    moment = _EPOCH_WITHOUT_ZONE + timedelta(0, 0, 0, instant)
    return moment.isoformat("T", "milliseconds") + "Z"


def from_text(text: str) -> Instant:
    """Read an RFC 3339 time; raises ValueError when it is none, or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, for example 2026-11-23T09:00:00Z")
    return of(moment)


def of(moment: datetime) -> Instant:
    """Give the instant that is meant by a time with a zone."""
    return (moment - _EPOCH) // _MILLISECOND
