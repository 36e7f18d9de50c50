"""The limiter: sliding windows over what a lane has sent and what is on its way.

Takes windows, stamps and the count of open sends, gives how many more may start and when.
Refuses nothing. A send stamped at `s` counts in [s, s + length), an open one counts always:
so whatever the provider takes within any window was counted when the last of it started.
"""

from collections.abc import Sequence

from notifier.model.deliveries import Stamp, Token
from notifier.model.rates import Window
from notifier.model.times import Instant

UNLIMITED = 1 << 31
"""How many sends are free where there is no window."""


def stamped(stamps: Sequence[Stamp], token: Token) -> list[Instant]:
    """Give the instants stamped in one bucket."""
    return [instant for instant, bucket in stamps if bucket == token]


def free(
    windows: Sequence[Window], stamps: Sequence[Instant], open_count: int, now: Instant
) -> int:
    """Give how many sends may start now; never negative."""
    lefts = (window.count - open_count - len(_within(window, stamps, now)) for window in windows)
    return max(0, min(lefts, default=UNLIMITED))


def gate(
    windows: Sequence[Window], stamps: Sequence[Instant], open_count: int, now: Instant
) -> Instant | None:
    """Give when one more send may start; None if it may now, or if an open one must end first."""
    opens = now
    for window in windows:
        counted = _within(window, stamps, now)
        surplus = len(counted) + open_count + 1 - window.count
        if surplus > len(counted):
            return None
        if surplus > 0:
            opens = max(opens, counted[surplus - 1] + window.length)
    return opens if opens > now else None


def _within(window: Window, stamps: Sequence[Instant], now: Instant) -> list[Instant]:
    return sorted(instant for instant in stamps if instant + window.length > now)
