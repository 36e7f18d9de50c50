"""One transaction on the writer's connection, spoken to by the names of statements.

Takes names and values, gives rows. Refuses what SQLite refuses (apsw.Error); the writer knows
which of these mean that the storage is in trouble.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import apsw

from notifier.model import json_text
from notifier.store import statements

Row = tuple[Any, ...]

# Rows leave in parts of these sizes: preparing a text takes longer than running it, and 512 are
# kept. Some statements bind 21 values a row; SQLite takes 32,766.
_PARTS = (256, 64, 32, 16, 12, 8, 7, 6, 5, 4, 3, 2, 1)
_MOST = _PARTS[0]
_FITTING = [next((size for size in _PARTS if size <= left), 0) for left in range(_MOST + 1)]

_ENOUGH = 1_000_000
"""Characters and bytes after which `some` reads no further row."""


def as_list(values: Iterable[Any]) -> str:
    """Write ids or keys as the JSON list that statements take as one parameter."""
    return json_text.written(list(values))


class Transaction:
    """Runs named statements inside the transaction that the writer has begun."""

    def __init__(self, connection: apsw.Connection, texts: Mapping[str, str]) -> None:
        """The connection stays the writer's: it alone begins, commits and rolls back."""
        self._connection = connection
        self._texts = texts

    def be_patient(self, milliseconds: int) -> None:
        """Wait that long for another connection that writes, from the next transaction on."""
        self._connection.set_busy_timeout(milliseconds)

    def rows(self, name: str, *values: Any) -> list[Row]:
        """Run a statement, give its rows."""
        return list(self._connection.execute(self._texts[name], values))

    def some(self, name: str, *values: Any) -> list[Row]:
        """Run a statement, give its first rows: as many as hold about a million characters."""
        found: list[Row] = []
        size = 0
        cursor = self._connection.execute(self._texts[name], values)
        for row in cursor:
            found.append(row)
            size += sum(len(part) for part in row if isinstance(part, str | bytes))
            if size >= _ENOUGH:
                break
        cursor.close()
        return found

    def run(self, name: str, *values: Any) -> None:
        """Run a statement that gives no rows."""
        self._connection.execute(self._texts[name], values)

    def one(self, name: str, *values: Any) -> Any:
        """Run a statement that gives at most one value; None when it gives none."""
        return self._connection.execute(self._texts[name], values).get

    def write(self, name: str, rows: Sequence[Row]) -> list[Row]:
        """Run a statement for many rows of values at once; give what it returns."""
        found: list[Row] = []
        text = self._texts[name]
        start = 0
        while start < len(rows):
            count = _FITTING[min(len(rows) - start, _MOST)]
            part = rows[start : start + count]
            statement = statements.with_rows(text, count, len(part[0]))
            found.extend(self._connection.execute(statement, tuple(chain.from_iterable(part))))
            start += count
        return found
