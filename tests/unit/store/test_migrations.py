"""Each step of the schema, on a store that the step before it made and a service filled."""

from pathlib import Path

import apsw
import pytest

from notifier.store import connection, migrate


def made_by(path: Path, number: int) -> apsw.Connection:
    """Open a store as it was when the migration of that number was the last."""
    store = connection.open_writer(path / "old.db")
    migrate.apply(store, [step for step in migrate.shipped() if step.number <= number])
    return store


def everything(store: apsw.Connection, table: str, columns: str) -> list[tuple[object, ...]]:
    return list(store.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2"))  # noqa: S608


def indices(store: apsw.Connection) -> set[str]:
    return {name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type='index'")}


def test_calls_that_could_not_be_read_join_the_ids_and_events_that_are_there(
    tmp_path: Path,
) -> None:
    store = made_by(tmp_path, 2)
    store.execute(
        "INSERT INTO seen VALUES ('default', 'one', x'00', 7, 9), ('d', 'e', x'01', 8, 9)"
    )
    store.execute(
        "INSERT INTO event VALUES (7, 'default', 'one', 'ticket.assigned', 'accepted', 1, 2, 3,"
        " NULL, '{}', 'body')"
    )
    seen = everything(store, "seen", "source, key, body_hash, event_id, until")
    events, before = everything(store, "event", "*"), indices(store)
    migrate.apply(store, [step for step in migrate.shipped() if step.number <= 3])
    assert everything(store, "seen", "source, key, body_hash, event_id, until") == seen
    assert everything(store, "seen", "source, more") == [("d", None), ("default", None)]
    assert everything(store, "event", "*") == events
    assert indices(store) == before | {"unmapped_repeat"}
    assert everything(store, "unmapped", "*") == []
    store.close()


@pytest.mark.parametrize(
    "wrong", ["'lost', x'', '[]', x''", "'unmapped', NULL, '[]', x''", "'unmapped', x'', NULL, x''"]
)
def test_a_row_that_could_not_be_read_again_is_not_kept(tmp_path: Path, wrong: str) -> None:
    store = made_by(tmp_path, 3)
    with pytest.raises(apsw.ConstraintError):
        store.execute(
            "INSERT INTO unmapped (id, source, accepted_at, digest, note, method, status, query,"  # noqa: S608
            f" headers, body) VALUES (1, 'zammad', 1, x'00', 'why', 'POST', {wrong})"
        )
    store.close()
