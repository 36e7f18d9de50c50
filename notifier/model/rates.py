"""Rate limits as values: sliding windows, all of which must allow.

Takes counts and lengths, gives windows. Refuses nothing: settings have checked them.
"""

from dataclasses import dataclass

from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` sends within any half-open stretch of `length`."""

    count: int
    length: Millis


@dataclass(frozen=True, slots=True)
class Limits:
    """The windows of one channel, and the reserve for critical deliveries; empty: no limit."""

    normal: tuple[Window, ...] = ()
    reserve: tuple[Window, ...] = ()


_UNITS = ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"))


def duration_text(duration: Millis) -> str:
    """Write a duration the way settings do, in its largest whole unit: `90s`, `1m`, `30d`."""
    for unit, letter in _UNITS:
        if duration % unit == 0:
            return f"{duration // unit}{letter}"
    return f"{duration}ms"
