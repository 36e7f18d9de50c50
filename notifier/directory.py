"""The directory of people, as operators keep it: checked, then carried out by the store.

Takes bodies and tables, gives what came of them. Refuses what is not a person, or not a table
(WrongShape), and what the store cannot take (StoreError); then nothing was changed.
"""

import asyncio
import logging
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from notifier.model import ids
from notifier.model.errors import WrongShape
from notifier.model.people import Entry, Person, PersonFilter, Written
from notifier.model.values import value
from notifier.planning import entries, rosters
from notifier.planning.rosters import RowFault
from notifier.store.base import PeopleStore
from notifier.store.views import Page, Slice

_log = logging.getLogger(__name__)

_SLICE = 500
"""Rows of a table that one transaction writes."""


@value
class Imported:
    """What came of a table, row by row counted."""

    created: int
    updated: int
    unchanged: int
    failed: int
    errors: tuple[RowFault, ...]


class Directory:
    """Does what an operator asks for."""

    def __init__(self, store: PeopleStore, region: str | None, forget: Callable[[], None]) -> None:
        """`region` is the country that national telephone numbers belong to.

        `forget` drops what is kept of calls outside the store, for they may name whom is erased.
        """
        self._forget = forget
        self._store = store
        self._region = region

    async def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        """List people, newest first."""
        return await self._store.people(wanted, part)

    async def person(self, who: str | int) -> Person | None:
        """Give one person."""
        return await self._store.person(who)

    async def put(self, who: str | int, body: Mapping[str, Any], *, whole: bool) -> Written:
        """Write one person; `whole`: what the body leaves out is taken away. Raises WrongShape."""
        checks = self._checks()
        entry = entries.of_body(who, body, checks, whole=whole)
        if checks.faults:
            raise WrongShape(checks.faults)
        (written,) = await self._store.enter([entry])
        _log.info(
            "a person was %s",
            written.outcome,
            extra={"action": "people.put", "person": _id(who), "outcome": written.outcome},
        )
        return written

    async def load(self, table: str, *, dry: bool) -> Imported:
        """Write a table of people, or with `dry` only say what would come of it."""
        # A large table takes a second or two, and calls of help desks must not wait for it.
        roster = await asyncio.to_thread(rosters.read, table, self._checks)
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        faults, failed = list(roster.faults), roster.failed
        for part in _parts(roster.entries):
            written = await self._store.enter([entry for _, entry in part], dry=dry)
            for (row, _), one in zip(part, written, strict=True):
                if one.fault is None:
                    counts[one.outcome] += 1
                else:
                    failed += 1
                    faults.append(RowFault(row, None, one.fault))
        faults.sort(key=lambda fault: fault.row)
        _log.info(
            "a table of people was %s",
            "tried" if dry else "imported",
            extra={"action": "people.import", "rows": {**counts, "failed": failed}, "dry_run": dry},
        )
        return Imported(**counts, failed=failed, errors=tuple(faults))

    async def erase(self, who: str | int) -> bool:
        """Erase a person everywhere; False when there is none."""
        self._forget()
        erased = await self._store.erase(who)
        if erased:
            # The operator's own name for them may be their address.
            _log.info("a person was erased", extra={"action": "people.erase"})
        return erased

    def _checks(self) -> entries.Checks:
        return entries.Checks(self._region, _is_zone)


def _id(who: str | int) -> str | None:
    return ids.public("per", who) if isinstance(who, int) else None


def _parts(rows: Sequence[tuple[int, Entry]]) -> list[Sequence[tuple[int, Entry]]]:
    return [rows[at : at + _SLICE] for at in range(0, len(rows), _SLICE)]


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _is_zone(name: str) -> bool:
    # A system without the database of zones knows none, and must not refuse them all.
    return name in _zones() or not _zones()
