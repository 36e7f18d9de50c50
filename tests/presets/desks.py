"""A preset as somebody would use it, and what its calls are read as.

Takes a case, gives the source that it is for and the events of its call. Refuses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from notifier.model.events import Event
from notifier.model.times import Instant
from notifier.sources import definition
from notifier.sources.call import Call, Reading
from notifier.sources.configured import ConfiguredSource
from tests.presets.cases import Case


class Anybody:
    """Lets every call in."""

    confidential: frozenset[str] = frozenset()

    def verify(self, call: Call, now: Instant) -> None:
        pass


@dataclass(frozen=True)
class Desk:
    """One preset, its settings laid over it."""

    source: ConfiguredSource

    def events(self, case: Case, call: Call, now: Instant) -> list[Event]:
        """Give the events that a call is read as, seen what was known; unknown types count not."""
        self.source.verify(call, now)
        return [
            event
            for reading in self.source.read(call, now)
            for event in typed(reading, case)
            if event.known
        ]


def typed(reading: Reading, case: Case) -> Sequence[Event]:
    """Give the events of a reading, one for each of its types."""
    if reading.types is None:
        return [reading.event]
    return [replace(reading.event, type=name) for name in reading.types(case.prev)]


def unsigned(case: Case) -> Call:
    """Give the call of a case before anybody signed it."""
    return Call(headers=case.headers, body=case.body, method=case.method, query=case.query)


def desk(case: Case) -> Desk:
    """Set up the preset of a case."""
    table = {"preset": case.preset, "secrets": ["invented"], **case.settings}
    return Desk(ConfiguredSource(case.preset, definition.read(case.preset, table), Anybody()))
