"""How SQLite would run each statement: by an index, however long the history is."""

import re
from pathlib import Path

import pytest

from notifier.store import connection, migrate, statements

_TABLES = [
    "seen",
    "event",
    "ticket",
    "person",
    "identity",
    "lane",
    "delivery",
    "batch",
    "attempt",
    "former",
    "timer",
    "suppression",
    "unmapped",
]

# Reads a partial index of what is open from end to end; history is not in it.
_OF_WHAT_IS_OPEN = {"backlog", "sending_batches"}

# Reads everything, and may: a command counts, or the service starts with other limits.
_ONCE = {"count_events", "count_tickets", "count_deliveries", "look_again"}

_TEXTS = {name: text for name, text in statements.load().items() if "{where}" not in text}


def _filled(text: str) -> str:
    if "{rows}" not in text:
        return text
    columns = [int(number) for number in re.findall(r"column(\d+)", text)]
    into = re.search(r"\(([^)]*)\)", text)
    assert into is not None
    return statements.with_rows(text, 2, max(columns, default=into[1].count(",") + 1))


def _places(text: str) -> int:
    numbered = [int(number) for number in re.findall(r"\?(\d+)", text)]
    return max(numbered, default=text.count("?"))


def _plan(path: Path, text: str) -> list[str]:
    store = connection.open_writer(path / "plan.db")
    try:
        migrate.apply(store, migrate.shipped())
        values = (None,) * _places(text)
        return [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {text}", values)]
    finally:
        store.close()


@pytest.mark.parametrize("name", sorted(_TEXTS.keys() - _ONCE))
def test_no_statement_reads_a_whole_table(name: str, tmp_path: Path) -> None:
    text = _filled(_TEXTS[name])
    # A table may stand in the plan under the name that the statement gave it.
    named = {
        alias or table
        for table, alias in re.findall(
            rf"\b(?:FROM|JOIN|INTO|UPDATE) ({'|'.join(_TABLES)})\b(?: ([a-z]{{1,2}})\b)?", text
        )
    }
    scanned = re.compile(rf"SCAN ({'|'.join(sorted(named | set(_TABLES)))})\b")
    found = [step for step in _plan(tmp_path, text) if scanned.match(step)]
    if name in _OF_WHAT_IS_OPEN:
        assert all("USING" in step and "INDEX" in step for step in found)
    else:
        assert found == []
