from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.store import connection, migrate, statements, unmapped
from notifier.store.transaction import Transaction

LAST = 6
BODIES = {
    1: b'{"to": "John@Example.com"}',
    2: b"to=john%40example.com&name=Jane+Doe",
    3: b'{"to": "jane@example.com"}',
    4: b"\xff\xfe no text",
}


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = connection.open_writer(tmp_path / "one.db")
    migrate.apply(store, migrate.shipped())
    made = Transaction(store, statements.load())
    head = ("zammad", "unmapped", 1, b"digest", "no JSON", "POST")
    rows = [(number, *head, b"", "[]", body) for number, body in BODIES.items()]
    rows.append((5, *head, b"to=john@example.com", "[]", b""))
    rows.append((LAST, *head, b"", '[["x-from", "john@example.com"]]', b""))
    made.write("insert_unmapped", rows)
    yield made
    store.close()


def erased(tx: Transaction, *texts: str, most: int = 100) -> list[int]:
    after: int | None = 0
    while after is not None:
        after = unmapped.erase(tx, after, most, texts)
    rows = tx.rows("raw_calls_after", 0, 100)
    assert all((note == unmapped.ERASED) is (body is None) for _, note, _, _, body in rows)
    return [number for number, _, _, _, body in rows if body is None]


@pytest.mark.parametrize("most", [1, 2, LAST, 100])
def test_what_a_call_was_is_erased_wherever_it_names_somebody(tx: Transaction, most: int) -> None:
    assert erased(tx, "john@example.com", most=most) == [1, 2, 5, LAST]


def test_any_of_the_texts_will_do(tx: Transaction) -> None:
    assert erased(tx, "nobody@example.com") == []
    assert erased(tx, "Jane Doe", "jane@example.com") == [2, 3]
