"""From a call to the events it becomes, and from those to one answer.

Takes what is asked inside the recording transaction, gives typed events, notes and answers.
Refuses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from notifier.model.events import Event
from notifier.model.ids import IdMaker
from notifier.store.base import Recorded, RecordStatus
from notifier.store.views import DeliveryView

NO_EVENT = "no event of the source applies, its ignore does, or no ticket is named"
"""The note of a call that was read, and says nothing that concerns us."""


@dataclass(slots=True)
class Outcome:
    """What became of one new call: its events, whether any is of a known type, its deliveries."""

    known: bool
    events: tuple[int, ...]
    types: tuple[str, ...]
    note: str | None
    deliveries: list[int]

    def recorded(self, deliveries: tuple[DeliveryView, ...]) -> Recorded:
        """Give the answer; `deliveries` as they are now."""
        status: RecordStatus = "accepted" if self.known else "ignored"
        first = self.events[0] if self.events else None
        return Recorded(first, status, self.note, deliveries, self.events, self.types)


def events_of(
    event: Event, types: Sequence[str], number: int, ids: IdMaker
) -> list[tuple[int, Event]]:
    """Give the events of these types that a call becomes, each with its id.

    The first has the id `number` and the call's own webhook id, each further one that and its type.
    """
    made: list[tuple[int, Event]] = []
    for kind in types:
        if made:
            name = f"{event.webhook_id} {kind}"
            made.append((ids.next(), replace(event, type=kind, webhook_id=name)))
        else:
            made.append((number, replace(event, type=kind)))
    return made


def outcome(
    made: Sequence[tuple[int, Event]], said: Sequence[tuple[str | None, list[int]]]
) -> Outcome:
    """Put together what the plan of each event noted, and the ids of the deliveries it led to."""
    return Outcome(
        any(event.known for _, event in made),
        tuple(number for number, _ in made),
        tuple(event.type for _, event in made),
        joined(note for note, _ in said) if made else NO_EVENT,
        [delivery for _, deliveries in said for delivery in deliveries],
    )


def joined(notes: Iterable[str | None]) -> str | None:
    """Give the notes of one call's events as one, each once; None when there are none."""
    return "; ".join(dict.fromkeys(note for note in notes if note)) or None
