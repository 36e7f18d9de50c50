"""An erasure in its steps, with what comes in between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from notifier.model.events import Event, Party, Ticket, to_facts
from notifier.model.plans import TicketState
from notifier.store import connection, migrate, statements, tickets
from notifier.store.context import Tick
from notifier.store.erasing import Erasing
from notifier.store.transaction import Transaction

ANA = Party(id="4711", name="Ana Silva", email="ana@example.com")
TICK = Tick(1, {})


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    store = connection.open_writer(tmp_path / "one.db")
    migrate.apply(store, migrate.shipped())
    made = Transaction(store, statements.load())
    made.write(
        "write_people", [(1, "ana", "Ana Silva", '{"emails":["ana@example.com"]}', "{}", 1, 1)]
    )
    yield made
    store.close()


def assign(tx: Transaction, number: int) -> None:
    """Keep an event that gives ticket 9 to Ana, as recording would."""
    event = Event("desk", str(number), "ticket.assigned", 1, Ticket("9", "Printer", "9"), ANA)
    facts = to_facts(event)
    row = (number, "desk", str(number), event.type, "accepted", 9, 1, 1, None, facts, None)
    tx.write("insert_events", [row])
    state = tickets.to_text(TicketState(1, ANA))
    tx.write("upsert_tickets", [(9, "desk", "9", "9", 1, state)])


def test_a_ticket_that_is_given_to_them_meanwhile_forgets_them_too(tx: Transaction) -> None:
    assign(tx, 100)
    erasing = Erasing("ana")
    assert erasing.begin(tx, TICK)
    while erasing.go_on(tx, TICK):
        pass
    assign(tx, 200)
    erasing.end(tx, TICK)
    ((_, _, state),) = tx.rows("tickets_after", 0, 9)
    assert tickets.from_text(1, state).assignee is None
    assert all("Ana" not in facts for _, _, facts, _ in tx.rows("events_after", 0, 9))
