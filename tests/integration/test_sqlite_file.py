"""The SQLite file itself: who may open it, what is checked, what a damaged one is answered with."""

import asyncio
import hashlib
import os
import stat
import sys
from pathlib import Path

import apsw
import pytest

from notifier.model.errors import StoreDamaged, StoreLocked
from notifier.store import connection, migrate
from notifier.store.migrate import Migration
from tests.store_harness import StoreHarness, event

HOLDER = """
import sys, pathlib
from notifier.store.connection import Lock
lock = Lock(pathlib.Path(sys.argv[1]))
lock.take()
print("held", flush=True)
sys.stdin.read()
"""


async def made(folder: Path) -> Path:
    """Make a sound store with some rows, closed again."""
    harness = StoreHarness("sqlite", folder)
    for number in range(50):
        await harness.post(event(ticket=str(number)))
    await harness.store.close()
    return folder / "notifier.db"


def digests(folder: Path) -> dict[str, str]:
    files = folder.glob("notifier.db")
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def mode(file: Path) -> int:
    return stat.S_IMODE(os.stat(file).st_mode)


async def test_a_commit_returns_when_it_is_on_the_disk(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    assert writer.pragma("journal_mode") == "wal"
    assert writer.pragma("synchronous") == 2
    assert writer.pragma("fullfsync") == 1
    assert writer.pragma("wal_autocheckpoint") == 0
    writer.close()


async def test_a_new_store_is_for_its_owner_only_and_an_old_one_stays_as_it_is(
    tmp_path: Path,
) -> None:
    harness = StoreHarness("sqlite", tmp_path)
    await harness.post(event())
    modes = {name: mode(tmp_path / name) for name in os.listdir(tmp_path)}
    await harness.store.close()
    assert set(modes.values()) == {0o600}
    assert {"notifier.db", "notifier.db-wal", "notifier.db.lock"} <= modes.keys()
    path = tmp_path / "notifier.db"
    os.chmod(path, 0o640)
    await StoreHarness("sqlite", tmp_path).store.close()
    assert mode(path) == 0o640


def test_a_file_that_cannot_be_made_durable_is_refused() -> None:
    memory = Path(":memory:")
    with pytest.raises(StoreDamaged, match="cannot be made durable"):
        connection.open_writer(memory)


@pytest.mark.fault("A9")
async def test_a_second_process_is_refused_with_the_name_of_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        HOLDER,
        str(path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    with pytest.raises(StoreLocked, match=rf"in use by process {process.pid} on"):
        StoreHarness("sqlite", tmp_path)
    process.kill()
    await process.communicate()
    harness = StoreHarness("sqlite", tmp_path)
    await harness.post(event())
    await harness.store.close()


@pytest.mark.fault("A9")
async def test_a_store_in_this_process_is_refused_too(tmp_path: Path) -> None:
    harness = StoreHarness("sqlite", tmp_path)
    with pytest.raises(StoreLocked, match="one process at a time"):
        StoreHarness("sqlite", tmp_path)
    await harness.store.close()
    await StoreHarness("sqlite", tmp_path).store.close()


@pytest.mark.parametrize(
    ("start", "garbage"),
    [
        pytest.param(
            0, b"not a database at all" * 10, id="C6-header", marks=pytest.mark.fault("C6")
        ),
        pytest.param(4096, b"\xa5" * 4096, id="C5-page", marks=pytest.mark.fault("C5")),
    ],
)
async def test_a_damaged_file_is_refused_and_left_as_it_was(
    tmp_path: Path, start: int, garbage: bytes
) -> None:
    path = await made(tmp_path)
    content = bytearray(path.read_bytes())
    content[start : start + len(garbage)] = garbage
    path.write_bytes(content)
    before = digests(tmp_path)
    with pytest.raises(StoreDamaged, match=r"is damaged .* put a backup in its place"):
        StoreHarness("sqlite", tmp_path)
    assert digests(tmp_path) == before
    # The lock is free again, so that the mended file can be opened.
    with pytest.raises(StoreDamaged):
        StoreHarness("sqlite", tmp_path)


@pytest.mark.fault("C6")
async def test_a_truncated_file_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = await made(tmp_path)
    path.write_bytes(path.read_bytes()[: 3 * 4096])
    before = digests(tmp_path)
    with pytest.raises(StoreDamaged, match="is damaged"):
        StoreHarness("sqlite", tmp_path)
    assert digests(tmp_path) == before


async def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").touch()
    harness = StoreHarness("sqlite", tmp_path)
    assert (await harness.post(event())).status == "accepted"
    await harness.store.close()


def test_migrations_are_applied_once_in_order(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    steps = [
        Migration(1, "one", "CREATE TABLE a (x); CREATE TABLE b (x);"),
        Migration(2, "two", "ALTER TABLE a ADD COLUMN y;"),
    ]
    migrate.apply(writer, steps[:1])
    migrate.apply(writer, steps)
    migrate.apply(writer, steps)
    assert [row[0] for row in writer.execute("SELECT number FROM migration")] == [1, 2]
    assert writer.execute("SELECT count(y) FROM a").get == 0
    writer.close()


@pytest.mark.fault("A4")
def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    broken = Migration(1, "one", "CREATE TABLE a (x); CREATE TABLE a (x);")
    with pytest.raises(apsw.SQLError):
        migrate.apply(writer, [broken])
    assert writer.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'a'").get == 0
    assert writer.execute("SELECT count(*) FROM migration").get == 0
    writer.close()


def test_a_migration_that_gives_rows_is_refused(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    with pytest.raises(StoreDamaged, match="returned rows"):
        migrate.apply(writer, [Migration(1, "one", "SELECT 1")])
    writer.close()


def test_a_migration_that_was_changed_later_is_refused(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    migrate.apply(writer, [Migration(1, "one", "CREATE TABLE a (x);")])
    with pytest.raises(StoreDamaged, match="was changed after it had been applied"):
        migrate.apply(writer, [Migration(1, "one", "CREATE TABLE a (y);")])
    writer.close()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    migrate.apply(writer, [Migration(7, "seven", "CREATE TABLE a (x);")])
    with pytest.raises(StoreDamaged, match="newer version"):
        migrate.apply(writer, [])
    writer.close()


async def test_the_log_is_checkpointed_beside_the_writer(tmp_path: Path) -> None:
    harness = StoreHarness("sqlite", tmp_path)
    big = b'{"pad": "' + b"x" * 200_000 + b'"}'
    for number in range(40):
        await harness.post(event(ticket=str(number)), body=big)
    await harness.store.close()
    assert (tmp_path / "notifier.db").stat().st_size > 4_000_000
