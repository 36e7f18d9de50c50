"""Numbered migrations, forward only, each applied once and never changed afterwards.

Takes `migrations/NNNN_name.sqlite.sql`, gives an up-to-date schema. Refuses a file that was
changed after it was applied, and a database that is newer than this program (StoreDamaged).
"""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import apsw

from notifier.model.errors import StoreDamaged, StoreError
from notifier.store import connection as opening
from notifier.store import runs, statements
from notifier.store.transaction import Transaction

_TABLE = """CREATE TABLE IF NOT EXISTS migration (
  number   INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Give the SHA-256 of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def shipped() -> list[Migration]:
    """Give the migrations of this program in order."""
    steps = []
    for file in resources.files("notifier.store").joinpath("migrations").iterdir():
        if file.name.endswith(".sqlite.sql"):
            number, _, name = file.name.removesuffix(".sqlite.sql").partition("_")
            steps.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return sorted(steps, key=lambda step: step.number)


def apply(connection: apsw.Connection, steps: list[Migration]) -> None:
    """Bring the schema up to date, each step in a transaction of its own."""
    connection.execute(_TABLE)
    applied = _applied(connection, steps)
    for step in steps:
        if step.number not in applied:
            _apply_one(connection, step)
        elif applied[step.number] != step.checksum:
            raise StoreDamaged(
                f"migration {step.number} was changed after it had been applied: "
                "install the released version again"
            )


def version(connection: apsw.Connection) -> int:
    """Give the number of the last migration that a database has, 0 when it has none."""
    if not connection.table_exists("main", "migration"):
        return 0
    return max(_applied(connection, shipped()), default=0)


def bring_up_to_date(path: Path) -> tuple[int, int]:
    """Migrate a file that nobody serves, made if it is not there; give the versions before and now.

    Raises StoreLocked while a service runs on it, and StoreError when it cannot be opened.
    """
    lock = opening.Lock(path)
    try:
        lock.take()
        try:
            before = _migrate(path)
        finally:
            lock.release()
    except opening.STORAGE_ERRORS as error:
        raise StoreError(f"{path} cannot be migrated: {error}") from error
    return before, shipped()[-1].number


def _migrate(path: Path) -> int:
    log_is_there = runs.log_of(path).exists()
    opening.check(path)
    writing = opening.open_writer(path)
    before = version(writing)
    apply(writing, shipped())
    # Closing empties the log, which the next start must not miss.
    tx = Transaction(writing, statements.load())
    runs.begin(path, tx, log_is_there=log_is_there)
    runs.end(tx)
    writing.close()
    return before


def _applied(connection: apsw.Connection, steps: list[Migration]) -> dict[int, str]:
    rows = connection.execute("SELECT number, checksum FROM migration")
    applied: dict[int, str] = {int(str(number)): str(checksum) for number, checksum in rows}
    if newer := sorted(set(applied) - {step.number for step in steps}):
        raise StoreDamaged(
            f"the database was made by a newer version (migration {newer[-1]}): "
            "start that version again, or restore a backup made by this one"
        )
    return applied


def _apply_one(connection: apsw.Connection, step: Migration) -> None:
    with connection:
        # execute() of several statements is lazy: iterating runs them all.
        for _ in connection.execute(step.text):
            raise StoreDamaged(f"migration {step.number} returned rows")
        connection.execute(
            "INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)",
            (step.number, step.name, step.checksum),
        )
