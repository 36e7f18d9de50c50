"""The directory as the operator keeps it: people entered, changed and looked up.

Takes entries, gives what came of each. Refuses, with a sentence, a key that leads to somebody
else whom the operator entered. Somebody who was only met, under a key that is entered, is the
person who is entered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import apsw

from notifier.model import ids
from notifier.model.ids import IdMaker
from notifier.model.people import (
    NOTHING,
    Card,
    Entry,
    Key,
    Known,
    Person,
    PersonFilter,
    Written,
    address_keys,
    over,
    share_a_line,
)
from notifier.model.times import Instant
from notifier.store.people import find, known_from, row_of
from notifier.store.transaction import Row, Transaction, as_list
from notifier.store.views import Page, Slice

_HELD = "p.id IN (SELECT person_id FROM identity WHERE {0})"
_NAMES = "p.name COLLATE NOCASE >= ? AND p.name COLLATE NOCASE < ? AND p.name IS NOT NULL"


class Entering:
    """Writes the entries of one transaction; each sees what those before it did."""

    def __init__(self, maker: IdMaker, tx: Transaction, now: Instant) -> None:
        """Nothing is read yet."""
        self._maker = maker
        self._tx = tx
        self._now = now
        self._people: dict[int, Known] = {}
        self._by_key: dict[Key, int] = {}
        self._by_ref: dict[str, int] = {}
        self._before: dict[int, Known] = {}
        self._absorbed: dict[int, int] = {}

    def enter(self, entries: Sequence[Entry], *, dry: bool) -> list[Written]:
        """Write entries, or with `dry` only say what would come of them."""
        self._read(entries)
        written = [self._one(entry) for entry in entries]
        if not dry:
            self._write()
        return written

    def _read(self, entries: Sequence[Entry]) -> None:
        refs = {entry.who for entry in entries if isinstance(entry.who, str)}
        numbers = {entry.who for entry in entries if isinstance(entry.who, int)}
        keys = {key for entry in entries for key in (*entry.keys, *address_keys(entry.card))}
        found = find(self._tx, keys)
        for name, wanted in (("people_by_ref", refs), ("people_by_id", numbers)):
            found += [known_from(row) for row in self._tx.rows(name, as_list(wanted))]
        for known in found:
            self._before[known.id] = known
            self._keep(known)

    def _keep(self, known: Known) -> None:
        self._people[known.id] = known
        self._by_key.update(dict.fromkeys(known.keys, known.id))
        if known.ref is not None:
            self._by_ref[known.ref] = known.id

    def _one(self, entry: Entry) -> Written:
        old = self._target(entry)
        if old is None and isinstance(entry.who, int):
            return Written("missing")
        said = _merged(NOTHING if old is None else old.said, entry)
        keys = _keys(old, entry, said)
        holders = self._holders(keys, old)
        for key, holder in holders.items():
            if holder.ref is not None or holder.said != NOTHING:
                return Written("taken", f"{_named(key)} is already {_whose(holder)}'s")
        met = [one for one in {h.id: h for h in holders.values()}.values() if _joins(one, keys)]
        after = self._joined(old, entry, said, met)
        keys |= after.keys
        self._take(holders, {one.id for one in met})
        after = replace(after, keys=keys)
        if old is not None and after == old:
            return Written("unchanged")
        if old is not None:
            for key in old.keys - keys:
                self._by_key.pop(key, None)
        self._keep(after)
        return Written("created" if old is None else "updated")

    def _target(self, entry: Entry) -> Known | None:
        number = entry.who if isinstance(entry.who, int) else self._by_ref.get(entry.who)
        return None if number is None else self._people.get(number)

    def _holders(self, keys: Iterable[Key], old: Known | None) -> dict[Key, Known]:
        found = {key: self._people[self._by_key[key]] for key in keys if key in self._by_key}
        return {key: one for key, one in found.items() if old is None or one.id != old.id}

    def _joined(self, old: Known | None, entry: Entry, said: Card, met: Sequence[Known]) -> Known:
        """Give the person with all that was learnt of those who turn out to be the same."""
        learnt = NOTHING if old is None else old.met
        theirs: set[Key] = set()
        for one in met:
            learnt = over(learnt, one.met)
            theirs |= one.keys
            for key in one.keys:
                del self._by_key[key]
        learnt = replace(
            learnt,
            name=None if said.name else learnt.name,
            emails=() if said.emails else learnt.emails,
            phones=() if said.phones else learnt.phones,
        )
        held = theirs | set(address_keys(said)) | set(address_keys(learnt))
        addresses = {key for key in held if key[0] in ("email", "phone")}
        current = {*address_keys(said), *address_keys(learnt)}
        ref = str(entry.who) if old is None else old.ref
        # Deliveries lead to the row of whoever was met: it becomes the new person's.
        rows = [one for one in (old, *met) if one is not None]
        number = rows[0].id if rows else self._maker.next()
        for one in met:
            if one.id != number:
                self._absorbed[one.id] = number
                del self._people[one.id]
        free = {key for key in held if self._by_key.get(key) in (None, number)}
        keys = free - (addresses - current)
        return Known(number, ref, said, learnt, frozenset(keys))

    def _take(self, holders: Mapping[Key, Known], joined: set[int]) -> None:
        """Take single keys from people who were met and are others: a shared mailbox."""
        for key, holder in holders.items():
            if holder.id not in joined:
                kept = self._people[holder.id]
                self._people[holder.id] = replace(kept, keys=kept.keys - {key})

    def _write(self) -> None:
        changed = [
            known for number, known in self._people.items() if self._before.get(number) != known
        ]
        touched = {known.id for known in changed} | set(self._absorbed)
        gone = {
            key
            for number in touched & self._before.keys()
            for key in self._before[number].keys - _kept(self._people.get(number))
        }
        if gone:
            self._tx.run("drop_identities", as_list(sorted(gone)))
        for number, into in self._absorbed.items():
            self._tx.run("give_deliveries", number, into)
        if self._absorbed:
            self._tx.run("drop_people", as_list(self._absorbed))
        self._tx.write("write_people", [row_of(one, self._now, self._now) for one in changed])
        rows = [(*key, one.id) for one in changed for key in sorted(one.keys)]
        self._tx.write("insert_identities", rows)


def _kept(known: Known | None) -> frozenset[Key]:
    return frozenset() if known is None else known.keys


def _merged(before: Card, entry: Entry) -> Card:
    given: dict[str, Any] = {name: getattr(entry.card, name) for name in entry.fields}
    return replace(before, **given)


def _keys(old: Known | None, entry: Entry, said: Card) -> frozenset[Key]:
    """Give the keys that lead to the person after the entry, but for what was learnt."""
    kept: set[Key] = set()
    if old is not None and entry.replaces is not None:
        named = {key for key in old.keys if key[0] in ("id", "login", "name")}
        kept = {key for key in named if key[:2] not in entry.replaces}
    return frozenset({*kept, *entry.keys, *address_keys(said)})


def _joins(met: Known, keys: Iterable[Key]) -> bool:
    """Tell whether somebody who was met may be the person.

    No source has another id for them, and they have more in common than a telephone.
    """
    ours = set(keys)
    if share_a_line(met.keys, ours):
        return False
    named = {key[:2] for key in ours if key[0] in ("id", "login")}
    return all(key in ours or key[:2] not in named for key in met.keys)


def _named(key: Key) -> str:
    kind, source, value = key
    return f"{kind} {source}:{value}" if source else f"{kind} {value}"


def _whose(known: Known) -> str:
    return known.ref or ids.public("per", known.id)


class Reading:
    """Looks into the directory beside the writer; used by one thread at a time."""

    def __init__(self, connection: apsw.Connection, texts: Mapping[str, str]) -> None:
        """`texts` are the statements by name."""
        self._connection = connection
        self._texts = texts

    def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        """List people, newest first."""
        rows = self._rows(_conditions(wanted, part.before), part.limit + 1)
        shown = tuple(_person(row) for row in rows[: part.limit])
        return Page(shown, shown[-1].known.id if len(rows) > part.limit else None)

    def person(self, who: str | int) -> Person | None:
        """Give one, by the operator's own name or by the service's id."""
        condition = "p.id = ?" if isinstance(who, int) else "p.ref = ?"
        rows = self._rows([(condition, (who,))], 1)
        return _person(rows[0]) if rows else None

    def _rows(self, conditions: list[tuple[str, tuple[Any, ...]]], limit: int) -> list[Row]:
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = [value for _, given in conditions for value in given]
        text = self._texts["list_people"].replace("{where}", where)
        return list(self._connection.execute(text, (*values, limit)))


def _conditions(wanted: PersonFilter, before: int | None) -> list[tuple[str, tuple[Any, ...]]]:
    found: list[tuple[str, tuple[Any, ...]]] = []
    if wanted.email is not None:
        text = _HELD.format("kind = 'email' AND source = '' AND value = ?")
        found.append((text, (wanted.email.casefold(),)))
    source = wanted.source
    for kind, value in (("id", wanted.id), ("login", wanted.login)):
        if value is not None and source is not None:
            text = _HELD.format(f"kind = '{kind}' AND source = ? AND value = ?")
            found.append((text, (source, value)))
        elif value is not None:
            found.append((_HELD.format(f"kind = '{kind}' AND value = ?"), (value,)))
    if source is not None and wanted.id is None and wanted.login is None:
        found.append((_HELD.format("kind IN ('id', 'login') AND source = ?"), (source,)))
    if wanted.prefix is not None:
        found.append((_NAMES, (wanted.prefix, wanted.prefix + "\U0010ffff")))
    if before is not None:
        found.append(("p.id < ?", (before,)))
    return found


def _person(row: Row) -> Person:
    return Person(known_from(row[:5]), row[5], row[6])
