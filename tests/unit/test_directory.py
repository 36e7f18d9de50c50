"""The directory as operators keep it: checks before the store, slices, and what the log says."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from notifier.directory import Directory, Imported
from notifier.model.errors import WrongShape
from notifier.model.people import Card, PersonFilter, Written
from notifier.planning.rosters import RowFault
from notifier.store.views import Slice
from tests.store_harness import StoreHarness


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness("sqlite", tmp_path)
    yield harness
    await harness.store.close()


async def test_a_person_is_checked_written_shown_and_erased(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    forgotten: list[str] = []
    directory = Directory(desk.store, "US", lambda: forgotten.append("calls"))
    with caplog.at_level(logging.INFO, "notifier.directory"):
        made = await directory.put(
            "ana", {"phones": ["(415) 555-0123"], "time_zone": "Europe/Lisbon"}, whole=True
        )
        person = await directory.person("ana")
        assert person is not None
        number = person.known.id
        changed = await directory.put(number, {"name": "Ana"}, whole=False)
        assert await directory.erase(number)
        assert forgotten == ["calls"]
        assert not await directory.erase(number)
    assert (made, changed) == (Written("created"), Written("updated"))
    assert person.known.card == Card(phones=("+14155550123",), time_zone="Europe/Lisbon")
    said = [(one.action, getattr(one, "person", None)) for one in caplog.records]  # type: ignore[attr-defined]
    assert [action for action, _ in said] == ["people.put", "people.put", "people.erase"]
    assert said[0][1] is None, "an operator's own name for a person may be an address"
    assert str(said[1][1]).startswith("per_")


async def test_what_is_wrong_never_reaches_the_store(desk: StoreHarness) -> None:
    directory = Directory(desk.store, None, lambda: None)
    with pytest.raises(WrongShape) as error:
        await directory.put("ana", {"time_zone": "Nowhere/Here", "locale": 7}, whole=True)
    assert [fault.path for fault in error.value.faults] == ["locale", "time_zone"]
    assert (await directory.people(PersonFilter(), Slice(1))).items == ()


async def test_a_long_table_is_written_in_slices_and_every_row_is_counted(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(f"p{number},p{number}@example.com\n" for number in range(1200))
    table = f"id,email\n{rows}wrong,nonsense\ntwice,p7@example.com\ntaken,ana@example.com\n"
    directory = Directory(desk.store, None, lambda: None)
    await directory.put("ana", {"emails": ["ana@example.com"]}, whole=True)
    tried = await directory.load(table, dry=True)
    with caplog.at_level(logging.INFO, "notifier.directory"):
        done = await directory.load(table, dry=False)
    assert tried == done
    assert done == Imported(
        1200,
        0,
        0,
        3,
        (
            RowFault(1202, "email", "must be an email address such as john@example.com"),
            RowFault(1203, "email", "p7@example.com stands in row 9 already"),
            RowFault(1204, None, "email ana@example.com is already ana's"),
        ),
    )
    again = await directory.load(table, dry=False)
    assert (again.created, again.unchanged, again.failed) == (0, 1200, 3)
    (line,) = caplog.records
    assert line.rows == {"created": 1200, "updated": 0, "unchanged": 0, "failed": 3}  # type: ignore[attr-defined]


async def test_a_table_is_read_while_others_are_served(desk: StoreHarness) -> None:
    directory = Directory(desk.store, None, lambda: None)
    served: list[str] = []
    asyncio.get_running_loop().call_soon(served.append, "a call")
    with pytest.raises(WrongShape):
        await directory.load("no table", dry=True)
    assert served == ["a call"]
