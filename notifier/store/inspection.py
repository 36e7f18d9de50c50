"""Looking at a store without changing it, also while a service writes to it.

Takes a path, gives what is in it. Refuses a file that is not there or cannot be read
(StoreError), and one that is damaged or newer than this program (StoreDamaged).
"""

from dataclasses import dataclass
from pathlib import Path

import apsw

from notifier.model.errors import StoreDamaged, StoreError
from notifier.store import connection, migrate, statements
from notifier.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Findings:
    """What a sound store holds. `schema` is the last migration it has, `newest_schema` ours."""

    bytes: int
    wal_bytes: int
    schema: int
    newest_schema: int
    events: int
    tickets: int
    deliveries: dict[str, int]


def inspect(path: Path, *, full: bool = False, immutable: bool = False) -> Findings:
    """Check the file and count; `full` compares every index with its table too.

    `immutable`: nobody else has the file open, and nothing is to be left beside it.
    """
    try:
        with connection.reading(path, immutable=immutable) as opened:
            return _findings(path, opened, "integrity_check" if full else "quick_check")
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StoreDamaged(connection.damage_text(path, str(error))) from error
    except connection.STORAGE_ERRORS as error:
        raise StoreError(f"{path} cannot be read: {error}") from error


def _findings(path: Path, opened: apsw.Connection, check: str) -> Findings:
    # All of it is of one instant.
    opened.execute("BEGIN")
    found = str(opened.pragma(check, 1))
    if found != "ok":
        raise StoreDamaged(connection.damage_text(path, found))
    schema = migrate.version(opened)
    asking = Transaction(opened, statements.load())
    return Findings(
        bytes=path.stat().st_size,
        wal_bytes=_size(path.with_name(f"{path.name}-wal")),
        schema=schema,
        newest_schema=migrate.shipped()[-1].number,
        events=asking.one("count_events") if schema else 0,
        tickets=asking.one("count_tickets") if schema else 0,
        deliveries=dict(asking.rows("count_deliveries")) if schema else {},
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
