"""From the body of a call to readings, by the expressions of a source.

Takes a definition, gives an object that reads. Refuses (ConfigurationError) expressions that
cannot work, and (Unmapped) what a call says that no event can be made of.

A call is read in two runs: the first gives the fields, the second asks the conditions of the
events, which know the fields, and, where one names `prev`, what was known of the ticket before.
Such a second run is left to the transaction that records the call.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from notifier.model.errors import ConfigurationError, Unmapped, WrongShape
from notifier.model.events import Event, Party, Priority, Ticket, party_facts
from notifier.model.plans import Snapshot
from notifier.model.times import SECOND, Instant
from notifier.sources import coercing, native
from notifier.sources.call import Reading
from notifier.sources.definition import PARTIES, PARTY_FIELDS, VARIABLES, Definition
from notifier.sources.expressions import Program, keys_in, names_in

_OF_CALL = ("body", "headers", "query", "source")
_OF_ITEM = tuple(name for name in VARIABLES if name != "prev")
_FACTS = ("ticket", *PARTIES)
_MOST_ITEMS = 500
_LONGEST_KEY = 200
_NO_TITLE = "(no title)"
_NOBODY = Party()
_UNKNOWN = "ticket.updated"


class Mapper:
    """The expressions of one source, checked and compiled."""

    def __init__(self, name: str, definition: Definition) -> None:
        """Raises ConfigurationError with one line for every fault."""
        self._name = name
        self._source = {"name": name, "desk_url": definition.desk_url}
        self._dedupe = definition.dedupe
        self._native = definition.shape == "native"
        self._priorities = {
            word.lower(): found for word, found in definition.map.priorities.items()
        }
        self._otherwise = definition.map.otherwise
        self._types = tuple(definition.map.events)
        self._compile(definition)

    def _compile(self, definition: Definition) -> None:
        mapping = definition.map
        lets = {f"map.let.{name}": text for name, text in mapping.let.items()}
        fields = {f'map.fields."{name}"': text for name, text in mapping.fields.items()}
        keys = {f"dedupe.key.{place}": text for place, text in enumerate(self._dedupe.key)}
        events = {f'map.events."{name}"': text for name, text in mapping.events.items()}
        faults: list[str] = []
        self._call = _program(
            _OF_CALL,
            {"ignore": definition.ignore or "false", "map.each": mapping.each},
            {},
            faults,
        )
        self._item = _program(_OF_ITEM, fields | keys, lets, faults)
        known = (*VARIABLES, *mapping.let, *_FACTS)
        self._conditions = _program(known, events, {}, faults)
        faults += _missing(definition)
        if faults:
            raise ConfigurationError("\n".join(f"sources.{self._name}.{one}" for one in faults))
        self._fields = tuple(mapping.fields)
        texts = (definition.ignore or "false", *lets.values(), *fields.values(), *events.values())
        self._besides = tuple(
            (name, key)
            for name in ("headers", "query")
            for key in sorted(frozenset().union(*(keys_in(text, name) for text in texts)))
        )
        self._asks_before = any("prev" in names_in(text) for text in mapping.events.values())

    def read(
        self, value: Any, raw: bytes, context: Mapping[str, Any], now: Instant
    ) -> Sequence[Reading]:
        """Give what a body says; `raw` are its bytes, `context` holds `headers` and `query`.

        Raises Unmapped.
        """
        names = {**context, "body": value, "source": self._source}
        (ignore, items), _ = self._call.run(names)
        if ignore:
            return ()
        if not isinstance(items, list):
            raise Unmapped("map.each gives no list")
        if len(items) > _MOST_ITEMS:
            raise Unmapped(f"map.each gives {len(items)} items, more than {_MOST_ITEMS}")
        # The whole body tells most; of a batch, which may come in other parts, the item.
        whole = raw if len(items) == 1 else None
        known: dict[str, Any] = {}
        readings = (self._read(names, item, now, known, whole) for item in items)
        return [reading for reading in readings if reading is not None]

    def _read(
        self,
        names: Mapping[str, Any],
        item: Any,
        now: Instant,
        known: dict[str, Any],
        whole: bytes | None,
    ) -> Reading | None:
        values = {**names, "item": item}
        outputs, lets = self._item.run(values)
        given = dict(zip(self._fields, outputs, strict=False))
        key = _first_key(outputs[len(self._fields) :])
        by_body = key is None
        if key is None:
            key = _hash(self._called(names), _canonical(item) if whole is None else whole)
        elif known.setdefault(key, item) != item:
            # An id of the whole call must not make repeats of all its items but the first.
            key = _hash(f"{self._name} {key}", _canonical(item))
        remember = self._dedupe.body_window if by_body else self._dedupe.window
        if self._native:
            return Reading(self._native_event(key, now, item), None, remember)
        event = self._event(key, given, now)
        values.update(lets)
        values.update(_facts(event))
        if event.ticket.id and self._asks_before:
            return Reading(event, functools.partial(self._types_of, values), remember)
        types = self._types_of(values, None)
        if not event.ticket.id:
            # What names no ticket, such as a test call, is of no concern unless it says so.
            if types and types[0] != self._otherwise:
                raise Unmapped(f'{types[0]} without a ticket: map.fields."ticket.id" gave nothing')
            return None
        return Reading(event, lambda _: types, remember) if types else None

    def _called(self, names: Mapping[str, Any]) -> str:
        # What happened may stand beside the body, and one save may make several calls of one body.
        besides = (repr(names[name].get(key)) for name, key in self._besides)
        return " ".join((self._name, *besides))

    def _types_of(self, values: Mapping[str, Any], before: Snapshot | None) -> Sequence[str]:
        made, _ = self._conditions.run({**values, "prev": before})
        types = [name for name, true in zip(self._types, made, strict=True) if true]
        return types or ([self._otherwise] if self._otherwise else [])

    def _native_event(self, key: str, now: Instant, item: Any) -> Event:
        try:
            ours = coercing.native(item, self._priorities)
            return native.event_of(self._name, key, now, ours)
        except WrongShape as error:
            raise Unmapped(str(error)) from None

    def _event(self, key: str, given: Mapping[str, Any], now: Instant) -> Event:
        happened = coercing.instant(given.get("occurred_at"))
        return Event(
            source=self._name,
            webhook_id=key,
            type=_UNKNOWN,
            # Nothing happens after it was told; a time far ahead would silence what follows it.
            occurred_at=now if happened is None else min(happened, now + SECOND),
            ticket=_ticket(given, self._priorities),
            assignee=_party("assignee", given),
            requester=_party("requester", given),
            actor=_party("actor", given),
        )


def _program(
    names: Sequence[str], outputs: Mapping[str, str], lets: Mapping[str, str], faults: list[str]
) -> Program:
    try:
        return Program(names, outputs, lets)
    except ConfigurationError as error:
        faults += str(error).splitlines()
        return Program((), {}, {})


def _missing(definition: Definition) -> list[str]:
    mapping = definition.map
    if definition.shape == "native":
        odd = mapping.events or mapping.fields or mapping.otherwise
        return (
            ['map: leave it out where shape = "native": the body is an event itself'] if odd else []
        )
    if "ticket.id" not in mapping.fields:
        return ['map.fields: say what "ticket.id" is; or write shape = "native"']
    if not mapping.events:
        return ['map.events: say when there is an event, such as "ticket.assigned" = "…"']
    return []


def _ticket(given: Mapping[str, Any], words: Mapping[str, Priority]) -> Ticket:
    number = coercing.name(given.get("ticket.id"))
    return Ticket(
        id=number or "",
        title=coercing.text(given.get("ticket.title")) or _NO_TITLE,
        number=coercing.name(given.get("ticket.number")) or number or "",
        priority=coercing.priority(given.get("ticket.priority"), words),
        status=coercing.text(given.get("ticket.status")),
        category=coercing.text(given.get("ticket.category")),
        url=coercing.url(given.get("ticket.url")),
        version=coercing.version(given.get("ticket.version")),
    )


def _party(who: str, given: Mapping[str, Any]) -> Party | None:
    found = {
        field: made
        for field, path in _PATHS[who]
        if (value := given.get(path)) is not None
        and (made := coercing.name(value) if field == "id" else coercing.text(value)) is not None
    }
    return Party(**found) if found else None


_PATHS = {who: tuple((field, f"{who}.{field}") for field in PARTY_FIELDS) for who in PARTIES}


def _facts(event: Event) -> dict[str, Any]:
    ticket = event.ticket
    return {
        "ticket": {
            "id": ticket.id or None,
            "title": ticket.title,
            "number": ticket.number or None,
            "priority": str(ticket.priority),
            "status": ticket.status,
            "category": ticket.category,
            "url": ticket.url,
            "version": ticket.version,
        },
        "assignee": party_facts(event.assignee),
        "requester": party_facts(event.requester),
        "actor": party_facts(event.actor),
    }


def _first_key(values: Sequence[Any]) -> str | None:
    for value in values:
        found = coercing.text(value)
        if found is not None:
            printable = len(found) <= _LONGEST_KEY and found.isprintable() and found.isascii()
            return (
                found if printable else hashlib.sha256(found.encode(errors="replace")).hexdigest()
            )
    return None


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _hash(name: str, content: bytes) -> str:
    return hashlib.sha256(b"%b %b" % (name.encode(), content)).hexdigest()
