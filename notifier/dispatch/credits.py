"""How many more batches each channel may be given: what keeps the rest in the store.

Takes what the store leased and what dispatch finished, gives the free places of a channel.
Refuses places while a channel is down and while the process drains. Safe between threads.
"""

import threading
from collections.abc import Mapping

_PER_PLACE = 16
"""So many batches may wait in memory for each send that runs."""


class ChannelCredits:
    """Implements notifier.store.base.Credits."""

    def __init__(self, places: Mapping[str, int]) -> None:
        """`places`: how many sends each channel runs at once."""
        self._lock = threading.Lock()
        self._places = dict(places)
        self._left = {name: count * _PER_PLACE for name, count in places.items()}
        self._shut: set[str] = set()

    def free(self, channel: str, *, critical: bool) -> int:
        """Give how many batches the channel may still take; the last few only critical ones."""
        with self._lock:
            if channel not in self._places or channel in self._shut:
                return 0
            reserve = self._places[channel] if critical else 0
            return max(self._left[channel] + reserve, 0)

    def taken(self, channel: str, count: int) -> None:
        """Learn that so many batches were leased."""
        with self._lock:
            self._left[channel] -= count

    def give_back(self, channel: str) -> None:
        """Learn that a batch is done with."""
        with self._lock:
            self._left[channel] += 1

    def shut(self, channel: str) -> None:
        """Give no places on a channel that is down."""
        with self._lock:
            self._shut.add(channel)

    def reopen(self, channel: str) -> None:
        """Give places again."""
        with self._lock:
            self._shut.discard(channel)

    def shut_all(self) -> None:
        """Give no places any more, on any channel, for good."""
        with self._lock:
            self._places.clear()
