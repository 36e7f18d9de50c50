"""People of an older store are found in the directory, by everything that led to them."""

from pathlib import Path

from notifier.model.people import Card
from notifier.store import connection, migrate, statements
from notifier.store.people import find
from notifier.store.transaction import Transaction

OLD = [
    (1 << 21, "default", "id:7", "John Smith"),
    (2 << 21, "default", "mail:jane@example.com", "Jane Doe"),
    (3 << 21, "other", "mail:jane@example.com", None),
    (4 << 21, "default", "tel:+14155550123", "Max"),
    (5 << 21, "default", "tel:(415) 555-0124", "Eva"),
    (6 << 21, "default", "name:Ana Silva", "Ana Silva"),
    (7 << 21, "default", "mail:nonsense", None),
]
DELIVERY = (
    "INSERT INTO delivery (id, event_id, ticket_id, person_id, bundle, rank, turn, state, reason,"
    " why, due_at, expires_at, created_at, updated_at, finished_at)"
    " VALUES (?, 1, 1, ?, '', 1, 1, 'failed', 'no_address', '', 1, 1, 1, 1, 1)"
)


def test_everybody_is_kept_and_two_rows_of_one_address_become_one(tmp_path: Path) -> None:
    store = connection.open_writer(tmp_path / "old.db")
    steps = migrate.shipped()
    migrate.apply(store, [step for step in steps if step.number < 4])
    for row in OLD:
        store.execute("INSERT INTO person (id, source, key, name) VALUES (?, ?, ?, ?)", row)
        store.execute(DELIVERY, (row[0] + 1, row[0]))
    migrate.apply(store, steps)
    tx = Transaction(store, statements.load())

    def known(*key: str) -> list[tuple[int, Card]]:
        return [(one.id >> 21, one.met) for one in find(tx, [(key[0], key[1], key[2])])]

    assert known("id", "default", "7") == [(1, Card("John Smith"))]
    assert known("email", "", "jane@example.com") == [(2, Card("Jane Doe", ("jane@example.com",)))]
    assert known("phone", "", "+14155550123") == [(4, Card("Max", phones=("+14155550123",)))]
    assert known("name", "default", "Ana Silva") == [(6, Card("Ana Silva"))]
    people = list(store.execute("SELECT id >> 21, created_at FROM person ORDER BY id"))
    assert people == [(1, 1), (2, 2), (4, 4), (5, 5), (6, 6), (7, 7)]
    whose = dict(store.execute("SELECT id >> 21, person_id >> 21 FROM delivery"))
    assert whose == {1: 1, 2: 2, 3: 2, 4: 4, 5: 5, 6: 6, 7: 7}
    store.close()


def test_nobody_is_looked_up_without_a_key(tmp_path: Path) -> None:
    store = connection.open_writer(tmp_path / "new.db")
    assert find(Transaction(store, statements.load()), []) == []
    store.close()


def test_the_move_to_the_directory_looks_at_each_row_a_few_times(tmp_path: Path) -> None:
    store = connection.open_writer(tmp_path / "large.db")
    steps = migrate.shipped()
    migrate.apply(store, [step for step in steps if step.number < 4])
    people = [(n << 21, "default", f"mail:agent{n}@example.com", None) for n in range(1, 1001)]
    store.executemany("INSERT INTO person (id, source, key, name) VALUES (?, ?, ?, ?)", people)
    store.executemany(DELIVERY, [(number + 1, number) for number, *_ in people])
    thousands: list[int] = []

    def count() -> bool:
        thousands.append(1)
        return False

    store.set_progress_handler(count, 1000)
    migrate.apply(store, steps)
    assert len(thousands) < 1000
    store.close()
