"""A table of people as CSV: a header, and a person a row.

Takes text, gives entries with the number of their row, and every fault with row and column.
Refuses a table without a header that names `id`, one with an unknown column, and one that is too
long (WrongShape); what is wrong with a row spoils that row only.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence

from notifier.model.errors import Fault, WrongShape
from notifier.model.people import Card, Entry, Key, address_keys
from notifier.model.values import value
from notifier.planning.addresses import EMAIL, SMS
from notifier.planning.entries import LONGEST_NAME, WHO, Checks, is_source

MOST_ROWS = 20_000

_FIELDS = {
    "name": "name",
    "email": "emails",
    "phone": "phones",
    "locale": "locale",
    "time_zone": "time_zone",
}
_WHO = "must be 1 to 128 letters, digits, ., _, @ and -, not . or .., and not begin with per_"


@value
class RowFault:
    """What is wrong in one row, counted from 1 with the header; `column` None: the whole row."""

    row: int
    column: str | None
    message: str


@value
class Roster:
    """The rows that can be written, each with its number, and what is wrong with the others."""

    entries: tuple[tuple[int, Entry], ...]
    faults: tuple[RowFault, ...]
    failed: int


def read(text: str, checks: Callable[[], Checks]) -> Roster:
    """Read a table; `checks` gives a fresh object for each row. Raises WrongShape."""
    rows = _rows(text.removeprefix("\ufeff"))
    columns = _header(next(rows, (1, []))[1])
    entries: list[tuple[int, Entry]] = []
    faults: list[RowFault] = []
    failed = 0
    seen: dict[str | Key, int] = {}
    for number, cells in rows:
        wrong = _shape(number, columns, cells)
        if not wrong:
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            entry, wrong = _entry(number, row, checks())
            wrong = wrong or _repeated(number, entry, seen)
            if not wrong:
                entries.append((number, entry))
        faults += wrong
        failed += bool(wrong)
    return Roster(tuple(entries), tuple(faults), failed)


def _repeated(number: int, entry: Entry, seen: dict[str | Key, int]) -> list[RowFault]:
    """Say which of a row stands in an earlier one already; else remember what it takes."""
    keys = (*entry.keys, *address_keys(entry.card))
    faults = [
        RowFault(number, _column(key), f"{key[2]} stands in row {seen[key]} already")
        for key in keys
        if key in seen
    ]
    if entry.who in seen:
        faults.insert(0, RowFault(number, "id", f"stands in row {seen[str(entry.who)]} already"))
    if not faults:
        seen.update(dict.fromkeys((str(entry.who), *keys), number))
    return faults


def _column(key: Key) -> str:
    kind, source, _ = key
    return f"{source}:{kind}" if source else kind


def _rows(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    head = text.split("\n", 1)[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    # Unlike splitlines, this ends a line at what ends one in CSV and at nothing else.
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MOST_ROWS + 1:
                raise WrongShape([Fault("", f"at most {MOST_ROWS} rows are taken at once")])
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        raise WrongShape([Fault("", f"line {reader.line_num} is no CSV: {error}")]) from None


def _header(cells: Sequence[str]) -> list[str]:
    # A spreadsheet begins words with a capital; names of sources have none.
    columns = [cell.strip().lower() for cell in cells]
    faults = [
        Fault(
            column[:100],
            "is not a column: id, name, email, phone, locale, time_zone, SOURCE:id or SOURCE:login",
        )
        for column in columns
        if column != "id" and column not in _FIELDS and _key(column) is None
    ]
    faults += [
        Fault(column[:100], "stands twice") for column in set(columns) if columns.count(column) > 1
    ]
    if "id" not in columns:
        faults.append(Fault("id", "the first line must name the columns, and id must be one"))
    if faults:
        raise WrongShape(faults[:20])
    return columns


def _key(column: str) -> tuple[str, str] | None:
    source, _, kind = column.rpartition(":")
    return (kind, source) if kind in ("id", "login") and is_source(source) else None


def _shape(number: int, columns: Sequence[str], cells: Sequence[str]) -> list[RowFault]:
    if len(cells) == len(columns):
        return []
    said = f"has {len(cells)} cells, and the header {len(columns)} columns"
    return [RowFault(number, None, said)]


def _entry(number: int, row: dict[str, str], checks: Checks) -> tuple[Entry, list[RowFault]]:
    who = row["id"]
    if not WHO.fullmatch(who) or who.startswith("per_") or who == "import":
        checks.blame("id", _WHO)
    card = Card(
        name=checks.text("name", row.get("name") or None, LONGEST_NAME),
        emails=checks.addresses("email", EMAIL, row.get("email", "").split()),
        phones=checks.addresses("phone", SMS, checks.numbers(row.get("phone", ""))),
        locale=checks.locale("locale", row.get("locale") or None),
        time_zone=checks.zone("time_zone", row.get("time_zone") or None),
    )
    pairs = {column: found for column in row if (found := _key(column)) is not None}
    keys: list[Key] = []
    for column, (kind, source) in pairs.items():
        keys += ((kind, source, text) for text in checks.names(column, row[column]))
    fields = frozenset(field for column, field in _FIELDS.items() if column in row)
    entry = Entry(who, card, tuple(dict.fromkeys(keys)), fields, frozenset(pairs.values()))
    faults = [RowFault(number, one.path.split(".")[0], one.message) for one in checks.faults]
    return entry, list(dict.fromkeys(faults))
