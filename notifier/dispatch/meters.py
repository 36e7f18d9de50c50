"""What dispatch has counted: its tries, and how long deliveries took.

Takes nothing of its own; the composition root gives what counts. Refuses nothing.
"""

from collections.abc import Iterable
from typing import Protocol

from notifier.model.times import Millis


class Meter(Protocol):
    """Counts; called on the event loop, and never waited for."""

    def attempted(self, channel: str, outcome: str, reason: str) -> None:
        """Count a try; `reason` is empty when there is none."""
        ...

    def sent(self, channel: str, waited: Iterable[Millis]) -> None:
        """Learn how long each delivery of a sent batch took from its acceptance."""
        ...


class Unmetered:
    """Counts nothing."""

    def attempted(self, channel: str, outcome: str, reason: str) -> None:
        """Let it pass."""

    def sent(self, channel: str, waited: Iterable[Millis]) -> None:
        """Let it pass."""
