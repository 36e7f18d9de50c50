"""The directory inside a transaction: who is known by which keys, and what is learnt of them.

Takes keys, and what plans met, gives people. Refuses nothing: a key that leads to somebody
already stays theirs.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from notifier.model.ids import IdMaker
from notifier.model.people import NOTHING, Card, Key, Known, Met
from notifier.model.times import Instant
from notifier.store import cards
from notifier.store.transaction import Row, Transaction, as_list


def find(tx: Transaction, keys: Iterable[Key]) -> list[Known]:
    """Give everybody whom one of the keys leads to."""
    wanted = set(keys)
    if not wanted:
        return []
    return [known_from(row) for row in tx.rows("select_people", as_list(wanted))]


def known_from(row: Row) -> Known:
    """Read a person from (id, ref, said, met, keys as JSON)."""
    number, ref, said, met, keys = row
    return Known(number, ref, cards.from_text(said), cards.from_text(met), _keys_from(keys))


# Whoever is told is told again.
@lru_cache(maxsize=1024)
def _keys_from(text: str) -> frozenset[Key]:
    return frozenset((kind, source, value) for kind, source, value in json.loads(text))


def row_of(known: Known, created_at: Instant, now: Instant) -> Row:
    """Give the row that keeps a person."""
    said, met = cards.to_text(known.said), cards.to_text(known.met)
    return (known.id, known.ref, known.name, said, met, created_at, now)


def addresses_of(card: Card) -> Iterable[tuple[str, str]]:
    """Give the (channel, address) pairs of a card."""
    yield from (("email", address) for address in card.emails)
    yield from (("sms", address) for address in card.phones)


class Directory:
    """Reads once for all calls of a transaction, and writes once what they taught."""

    def __init__(self, ids: IdMaker, tx: Transaction, now: Instant) -> None:
        """One object serves one transaction."""
        self._ids = ids
        self._tx = tx
        self._now = now
        self._changed: dict[int, Known] = {}
        self._new: dict[Key, int] = {}
        self._dropped: set[Key] = set()
        self._by_id: dict[int, Known] = {}
        self.by_key: dict[Key, Known] = {}

    def read(self, keys: Iterable[Key]) -> None:
        """Look people up by the keys of a tick's calls; a plan sees what earlier ones taught."""
        for known in find(self._tx, keys):
            self._by_id[known.id] = known
            for key in known.keys:
                self.by_key[key] = known

    def addresses(self) -> set[tuple[str, str]]:
        """Give every (channel, address) by which somebody who was found may be told."""
        return {
            address
            for known in self._by_id.values()
            for card in (known.said, known.met)
            for address in addresses_of(card)
        }

    def id_of(self, key: Key) -> int | None:
        """Give the internal id of whom a key leads to."""
        known = self.by_key.get(key)
        return None if known is None else known.id

    def meet(self, met: Met) -> None:
        """Learn what an event shows of a person, for the plans after it too."""
        after = self._after(met)
        for key in met.dropped:
            del self.by_key[key]
            self._new.pop(key, None)
        for key in after.keys:
            self.by_key[key] = after
        for key in met.keys:
            self._new[key] = after.id
        self._dropped.update(met.dropped)
        self._changed[after.id] = self._by_id[after.id] = after

    def _after(self, met: Met) -> Known:
        if met.person is None:
            return Known(self._ids.next(), None, NOTHING, met.card, frozenset(met.keys))
        known = self._by_id[met.person]
        keys = known.keys.union(met.keys).difference(met.dropped)
        return replace(known, met=met.card, keys=keys)

    def write(self) -> None:
        """Keep what was learnt; most often there is nothing."""
        if not self._changed:
            return
        rows = [row_of(known, self._now, self._now) for known in self._changed.values()]
        self._tx.write("write_people", rows)
        if self._dropped:
            self._tx.run("drop_identities", as_list(sorted(self._dropped)))
        self._tx.write("insert_identities", [(*key, number) for key, number in self._new.items()])
