"""History: what people ask of the past, read beside the writer.

Takes filters, gives views. Refuses nothing: parameters are bound, never written into SQL.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import apsw

from notifier.model.events import from_facts
from notifier.model.ids import IdMaker
from notifier.model.people import Named
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.store import unmapped
from notifier.store.claiming import load
from notifier.store.transaction import Row, Transaction, as_list
from notifier.store.views import (
    AttemptView,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryView,
    EventDetail,
    EventFilter,
    Page,
    RawCall,
    Slice,
    UnmappedDetail,
)

_TICKET = "{0}.ticket_id IN (SELECT id FROM ticket WHERE key = ? OR number = ?)"

T = TypeVar("T", DeliveryView, EventDetail | UnmappedDetail)

Condition = tuple[str, Sequence[Any]]


class History:
    """Reads on one connection; used by one thread at a time."""

    def __init__(self, connection: apsw.Connection, texts: Mapping[str, str]) -> None:
        """`texts` are the statements by name."""
        self._connection = self.connection = connection
        self._texts = texts

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        """List deliveries, newest first."""
        conditions = _time(wanted.since, wanted.until, "d", part.before)
        if wanted.states:
            marks = ",".join("?" * len(wanted.states))
            conditions.append((f"d.state IN ({marks})", wanted.states))
        for column, value in (
            ("d.recipient", wanted.recipient),
            ("d.channel", wanted.channel),
            ("t.source", wanted.source),
        ):
            if value is not None:
                conditions.append((f"{column} = ?", (value,)))
        if wanted.ticket is not None:
            conditions.append((_TICKET.format("d"), (wanted.ticket, wanted.ticket)))
        rows = self._select("list_deliveries", conditions, part.limit + 1)
        return _page([_delivery(row) for row in rows], part.limit)

    def delivery(self, number: int) -> DeliveryDetail | None:
        """Give one delivery with its attempts and its batch."""
        rows = self._select("list_deliveries", [("d.id = ?", (number,))], 1)
        event = self.event(rows[0][1]) if rows else None
        if event is None:
            return None
        view = _delivery(rows[0])
        reading = Transaction(self._connection, self._texts)
        attempts = reading.rows("attempts_of_delivery", number)
        batches = load(reading, [view.batch_id]) if view.batch_id is not None else []
        batch = batches[0] if batches else None
        seen = tuple(AttemptView(*attempt) for attempt in attempts)
        return DeliveryDetail(view, event.event, seen, batch)

    def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        """List events, newest first, each with its deliveries, and unmapped calls among them."""
        found: list[EventDetail | UnmappedDetail] = []
        if wanted.status not in unmapped.STATUSES:
            found += self._wanted_events(wanted, part)
        if wanted.status in (None, *unmapped.STATUSES) and not (wanted.type or wanted.ticket):
            found += self._wanted_calls(wanted, part)
        found.sort(key=lambda one: one.id, reverse=True)
        return _page(found, part.limit)

    def _wanted_calls(self, wanted: EventFilter, part: Slice) -> list[UnmappedDetail]:
        conditions = _time(wanted.since, wanted.until, "u", part.before)
        for column, value in (("u.source", wanted.source), ("u.status", wanted.status)):
            if value is not None:
                conditions.append((f"{column} = ?", (value,)))
        rows = self._select("list_unmapped", conditions, part.limit + 1)
        return [unmapped.detail(row) for row in rows]

    def raw_call(self, number: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        """Give an unmapped call, and what it was."""
        for row in self._select("list_unmapped", [("u.id = ?", (number,))], 1):
            reading = Transaction(self._connection, self._texts)
            return unmapped.detail(row), unmapped.raw(reading, number)
        return None

    def _wanted_events(self, wanted: EventFilter, part: Slice) -> list[EventDetail]:
        conditions = _time(wanted.since, wanted.until, "e", part.before)
        for column, value in (
            ("e.source", wanted.source),
            ("e.type", wanted.type),
            ("e.status", wanted.status),
        ):
            if value is not None:
                conditions.append((f"{column} = ?", (value,)))
        if wanted.ticket is not None:
            conditions.append((_TICKET.format("e"), (wanted.ticket, wanted.ticket)))
        return self._events(conditions, part.limit + 1)

    def event(self, number: int) -> EventDetail | None:
        """Give one event with its deliveries."""
        found = self._events([("e.id = ?", (number,))], 1)
        return found[0] if found else None

    def oldest_pending(self) -> dict[str, int]:
        """Give since when the oldest delivery of each channel waits."""
        return dict(self._connection.execute(self._texts["oldest_pending"]))

    def backlog(self) -> dict[str, tuple[int, int]]:
        """Give how many deliveries of each channel wait, and since when the oldest does."""
        rows = self._connection.execute(self._texts["backlog"])
        return {channel: (count, since) for channel, count, since in rows}

    def _events(self, conditions: Sequence[Condition], limit: int) -> list[EventDetail]:
        rows = self._select("list_events", conditions, limit)
        ids = as_list(row[0] for row in rows)
        among = ("d.event_id IN (SELECT value FROM json_each(?))", (ids,))
        of_event: dict[int, list[DeliveryView]] = {}
        for row in self._select("list_deliveries", [among], -1):
            of_event.setdefault(row[1], []).append(_delivery(row))
        return [
            EventDetail(
                number,
                status,
                from_facts((source, webhook_id, kind, occurred_at), facts),
                accepted_at,
                note,
                tuple(reversed(of_event.get(number, []))),
            )
            for (
                number,
                status,
                accepted_at,
                note,
                source,
                webhook_id,
                kind,
                occurred_at,
                facts,
            ) in rows
        ]

    def _select(self, name: str, conditions: Sequence[Condition], limit: int) -> list[Row]:
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = [value for _, given in conditions for value in given]
        text = self._texts[name].replace("{where}", where)
        return list(self._connection.execute(text, (*values, limit)))


def _time(since: int | None, until: int | None, table: str, before: int | None) -> list[Condition]:
    conditions: list[Condition] = []
    if since is not None:
        conditions.append((f"{table}.id >= ?", (IdMaker.floor(since),)))
    if until is not None:
        conditions.append((f"{table}.id < ?", (IdMaker.floor(until),)))
    if before is not None:
        conditions.append((f"{table}.id < ?", (before,)))
    return conditions


def _page(items: list[T], limit: int) -> Page[T]:
    more = len(items) > limit
    shown = tuple(items[:limit])
    return Page(shown, shown[-1].id if more else None)


def _delivery(row: Row) -> DeliveryView:
    return DeliveryView(
        id=row[0],
        event_id=row[1],
        batch_id=row[2],
        merged_into=row[3],
        ticket_id=row[4],
        ticket_number=row[5],
        ticket_title=row[6],
        person_id=row[7],
        person_name=row[8],
        recipient=row[9],
        channel=row[10],
        state=State(row[11]),
        reason=None if row[12] is None else Reason(row[12]),
        why=row[13],
        rank=row[14],
        due_at=row[15],
        created_at=row[16],
        updated_at=row[17],
        finished_at=row[18],
        expires_at=row[19],
        provider_id=row[20],
        named=_named(row[21]),
    )


def _named(text: str | None) -> Named | None:
    if text is None:
        return None
    source, number, login = json.loads(text)
    return (source, number, login)
