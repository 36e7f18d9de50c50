"""The line in front of a channel: flights that wait for a place, critical ones first.

Takes flights without ever blocking (credits bound how many there are), gives them to places.
Refuses nothing; once closed, it gives None to the places and keeps what still comes.
"""

from asyncio import Future, get_running_loop
from collections import deque
from collections.abc import Callable

from notifier.dispatch.flights import Flight
from notifier.model.events import CRITICAL_RANK

Idle = deque[Future[Flight | None]]


class Line:
    """Two queues, and the idle places that wait for them."""

    def __init__(self) -> None:
        """It starts empty."""
        self._critical: deque[Flight] = deque()
        self._ordinary: deque[Flight] = deque()
        self._idle: Idle = deque()
        self._idle_for_critical: Idle = deque()
        self._closed = False

    def put(self, flight: Flight) -> None:
        """Add a flight; an idle place gets it at once."""
        critical = flight.batch.rank == CRITICAL_RANK
        places = (self._idle_for_critical, self._idle) if critical else (self._idle,)
        for idle in places:
            while idle:
                place = idle.popleft()
                if not place.done():
                    place.set_result(flight)
                    return
        (self._critical if critical else self._ordinary).append(flight)

    async def get(self, *, only_critical: bool) -> Flight | None:
        """Give the next flight, waiting for one; None when the line is closed."""
        if self._closed:
            return None
        if self._critical:
            return self._critical.popleft()
        if self._ordinary and not only_critical:
            return self._ordinary.popleft()
        place: Future[Flight | None] = get_running_loop().create_future()
        (self._idle_for_critical if only_critical else self._idle).append(place)
        return await place

    def remove(self, unwanted: Callable[[Flight], bool]) -> list[Flight]:
        """Take out the flights for which `unwanted` says yes."""
        removed: list[Flight] = []
        for queue in (self._critical, self._ordinary):
            flights = list(queue)
            queue.clear()
            for flight in flights:
                (removed if unwanted(flight) else queue).append(flight)
        return removed

    def close(self) -> list[Flight]:
        """Send the places home, and give what still waits."""
        self._closed = True
        for idle in (self._idle, self._idle_for_critical):
            while idle:
                place = idle.popleft()
                if not place.done():
                    place.set_result(None)
        return self.remove(lambda flight: True)
