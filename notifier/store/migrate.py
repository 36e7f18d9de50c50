"""Numbered migrations, forward only, each applied once and never changed afterwards.

Takes `migrations/NNNN_name.sqlite.sql`, gives an up-to-date schema. Refuses a file that was
changed after it was applied, and a database that is newer than this program (StoreDamaged).
"""

import hashlib
from dataclasses import dataclass
from importlib import resources

import apsw

from notifier.model.errors import StoreDamaged

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
    rows = connection.execute("SELECT number, checksum FROM migration")
    applied: dict[int, str] = {int(str(number)): str(checksum) for number, checksum in rows}
    known = {step.number for step in steps}
    if newer := sorted(set(applied) - known):
        raise StoreDamaged(
            f"the database was made by a newer version (migration {newer[-1]}): "
            "start that version again, or restore a backup made by this one"
        )
    for step in steps:
        if step.number not in applied:
            _apply_one(connection, step)
        elif applied[step.number] != step.checksum:
            raise StoreDamaged(
                f"migration {step.number} was changed after it had been applied: "
                "install the released version again"
            )


def _apply_one(connection: apsw.Connection, step: Migration) -> None:
    with connection:
        # execute() of several statements is lazy: iterating runs them all.
        for _ in connection.execute(step.text):
            raise StoreDamaged(f"migration {step.number} returned rows")
        connection.execute(
            "INSERT INTO migration (number, name, checksum) VALUES (?, ?, ?)",
            (step.number, step.name, step.checksum),
        )
