"""Which calls came before, and the events that became of them.

Takes the calls of one tick, gives which of them are new, and the answers to the others. Refuses
nothing. An id that was remembered long enough is new again, whether or not it was swept yet.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notifier.store.base import Accepted, Recorded, RecordStatus
from notifier.store.context import Context, Tick
from notifier.store.transaction import Row, Transaction, as_list

Key = tuple[str, str]

_NO_EVENT = 0
_ANY_BODY = b""


@dataclass(slots=True)
class _Known:
    events: tuple[int, ...]
    body_hash: bytes | None


class Seen:
    """The ids of one tick."""

    def __init__(self, context: Context, tx: Transaction, tick: Tick) -> None:
        """One object serves one transaction."""
        self._tx = tx
        self._now = tick.now
        self._remember = context.options.remember_ids
        self._known: dict[Key, _Known] = {}
        self._repeats: list[tuple[int, Accepted]] = []
        self._other: list[Row] = []

    def admit(self, calls: Sequence[Accepted], numbers: Sequence[int]) -> list[int]:
        """Give the places of new calls, in order; `numbers` are the ids of their events."""
        until = self._now + self._remember
        first: dict[Key, int] = {}
        rows: list[Row] = []
        for place, call in enumerate(calls):
            event = call.event
            key = (event.source, event.webhook_id)
            if key not in first:
                first[key] = place
                known_by = call.body_hash or _ANY_BODY
                known_until = until if call.remember is None else self._now + call.remember
                rows.append((*key, known_by, numbers[place], known_until))
        written = self._tx.write("insert_seen", rows)
        if len(written) == len(calls):
            return list(first.values())
        by_number = {row[3]: row[:2] for row in rows}
        new: set[Key] = {by_number[number] for (number,) in written}
        self._look_up(first.keys() - new, rows, new)
        fresh = {place for key, place in first.items() if key in new}
        self._repeats = [(place, call) for place, call in enumerate(calls) if place not in fresh]
        for key in {_key(call) for _, call in self._repeats} & new:
            place = first[key]
            self._known[key] = _Known((numbers[place],), calls[place].body_hash)
        return sorted(fresh)

    def became(self, call: Accepted, events: Sequence[int]) -> None:
        """Learn that a new call became other events than the one whose id was given."""
        head, *more = events or (_NO_EVENT,)
        key = _key(call)
        self._other.append((*key, head, as_list(more) if more else None))
        if key in self._known:
            self._known[key].events = tuple(events)

    def write(self) -> None:
        """Keep what `became` said."""
        if self._other:
            self._tx.write("settle_seen", self._other)

    def repeats(self) -> Iterator[tuple[int, Recorded]]:
        """Give the place and the answer of each call that was not new."""
        for place, call in self._repeats:
            known = self._known[_key(call)]
            same = call.body_hash is None or known.body_hash == call.body_hash
            first = known.events[0] if known.events else None
            status: RecordStatus = "duplicate" if same else "conflict"
            yield place, Recorded(first, status, None, (), known.events)

    def _look_up(self, keys: set[Key], rows: list[Row], new: set[Key]) -> None:
        over: set[Key] = set()
        for source, key, event_id, more, body_hash, until in self._tx.rows(
            "select_seen", as_list(keys)
        ):
            if until <= self._now:
                over.add((source, key))
            else:
                others = () if more is None else json.loads(more)
                events = () if event_id == _NO_EVENT else (event_id, *others)
                self._known[source, key] = _Known(events, body_hash)
        self._tx.write("renew_seen", [row for row in rows if row[:2] in over])
        new |= over


def _key(call: Accepted) -> Key:
    return (call.event.source, call.event.webhook_id)
