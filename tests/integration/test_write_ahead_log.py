"""The write-ahead log: gone after a crash, kept from being emptied, cut by a power failure."""

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from notifier.store import connection, migrate
from tests.store_harness import StoreHarness, event

MEGABYTE = b'{"pad": "' + b"x" * 1_000_000 + b'"}'

WRITER = """
import sys
from pathlib import Path
from tests.store_harness import StoreHarness, event
import asyncio

async def main():
    harness = StoreHarness("sqlite", Path(sys.argv[1]))
    for number in range(int(sys.argv[2])):
        await harness.post(event(ticket=str(number)), key=f"call-{number}")
        print(number, flush=True)
    sys.stdin.read()

asyncio.run(main())
"""

MIGRATION = """
import os, sys
from pathlib import Path
import apsw
from notifier.store import connection, migrate

folder = Path(sys.argv[1])

def die_at(number):
    left = [number]
    def trace(cursor, text, bindings):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), 9)
        return True
    return trace

for number in range(10_000):
    path = folder / f"{number}.db"
    child = os.fork()
    if child == 0:
        writer = connection.open_writer(path)
        writer.exec_trace = die_at(number)
        migrate.apply(writer, migrate.shipped())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(path.name, os.waitstatus_to_exitcode(status), flush=True)
    if status == 0:
        break
"""


def killed_after(folder: Path, events: int) -> None:
    """Let a process record events in `folder`, and kill it."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(events)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        for number in range(events):
            assert process.stdout.readline() == b"%d\n" % number
        process.kill()


def told(caplog: pytest.LogCaptureFixture, action: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if vars(record).get("action") == action]


@pytest.mark.fault("C7")
async def test_a_log_that_was_deleted_after_a_crash_is_missed_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed_after(tmp_path, 3)
    (tmp_path / "notifier.db-wal").unlink()
    harness = StoreHarness("sqlite", tmp_path)
    (line,) = told(caplog, "store.wal_missing")
    assert line.levelno == logging.ERROR
    assert "notifier.db-wal is gone" in line.getMessage()
    assert (await harness.post(event(), key="call-0")).status == "accepted", "it is lost"
    await harness.restart()
    await harness.store.close()
    assert len(told(caplog, "store.wal_missing")) == 1


@pytest.mark.fault("C7")
async def test_a_crash_and_a_backup_in_the_place_of_the_store_miss_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed_after(tmp_path, 3)
    harness = StoreHarness("sqlite", tmp_path)
    assert (await harness.post(event(), key="call-2")).status != "accepted"
    copy = tmp_path / "copy.db"
    source, target = apsw.Connection(str(tmp_path / "notifier.db")), apsw.Connection(str(copy))
    with target.backup("main", source, "main") as pieces:
        pieces.step(-1)
    source.close()
    target.close()
    await harness.store.close()
    # The file of before keeps its inode, so that the copy cannot have the same one.
    (tmp_path / "notifier.db").rename(tmp_path / "before.db")
    copy.rename(tmp_path / "notifier.db")
    await StoreHarness("sqlite", tmp_path).store.close()
    assert told(caplog, "store.wal_missing") == []


@pytest.mark.fault("C9")
async def test_a_reader_who_stays_is_told_of_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    harness = StoreHarness("sqlite", tmp_path)
    reader = connection.open_reader(tmp_path / "notifier.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchall()
    assert (await harness.store.health()).trouble == ()
    for number in range(68):
        answer = await harness.post(event(ticket=str(number)), body=MEGABYTE)
        assert answer.status == "accepted"
    (sentence,) = (await harness.store.health()).trouble
    assert "another program keeps a transaction open" in sentence
    assert len(told(caplog, "store.wal_large")) == 1
    reader.execute("COMMIT")
    async with asyncio.timeout(60):
        while (await harness.store.health()).trouble:
            await harness.post(event(ticket="more"))
    reader.close()
    await harness.store.close()
    assert not (tmp_path / "notifier.db-wal").exists()


@pytest.mark.fault("C8")
async def test_the_log_as_the_last_sync_left_it_holds_every_answered_call(tmp_path: Path) -> None:
    live, image = tmp_path / "live", tmp_path / "image"
    live.mkdir()
    harness = StoreHarness("sqlite", live)
    for number in range(8):
        await harness.post(event(ticket=str(number)), key=f"call-{number}")
        log = (live / "notifier.db-wal").read_bytes()
        await harness.post(event(ticket="late"), key=f"late-{number}")
        longer = (live / "notifier.db-wal").read_bytes()
        # What came after the sync that released the answer: lost, half there, or torn.
        torn = log + bytes(len(longer) - len(log))
        for kept in (log, longer[: (len(log) + len(longer)) // 2], torn):
            image.mkdir()
            shutil.copy(live / "notifier.db", image)
            (image / "notifier.db-wal").write_bytes(kept)
            found = connection.open_writer(image / "notifier.db")
            rows = [row[0] for row in found.execute("SELECT key FROM seen")]
            assert {f"call-{one}" for one in range(number + 1)} <= set(rows)
            assert found.pragma("integrity_check") == "ok"
            found.close()
            shutil.rmtree(image)
    await harness.store.close()


@pytest.mark.fault("A4")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a migration is killed in a fork of its own")
def test_a_migration_killed_at_any_statement_is_completed_by_the_next_start(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIGRATION, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [status for _, status in lines[:-1]] == ["-9"] * (len(lines) - 1)
    assert lines[-1][1] == "0"
    assert len(lines) > 20, "every statement of the first migration is one place to die"
    whole = schema(tmp_path / lines[-1][0])
    steps = [after(tmp_path / f"steps-{count}", count) for count in range(1, len(SHIPPED) + 1)]
    assert steps[-1] == whole
    for name, _ in lines:
        before = schema(tmp_path / name)
        assert before in (set(), {"migration"}, *steps)
        writer = connection.open_writer(tmp_path / name)
        migrate.apply(writer, migrate.shipped())
        writer.close()
        assert schema(tmp_path / name) == whole


SHIPPED = migrate.shipped()


def after(path: Path, count: int) -> set[str]:
    """Give the schema after so many steps, each of them whole."""
    made = apsw.Connection(str(path))
    migrate.apply(made, SHIPPED[:count])
    made.close()
    return schema(path)


def schema(path: Path) -> set[str]:
    """Give the names of what the file holds, and of its migrations."""
    looking = apsw.Connection(str(path))
    tables = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"
    found = {str(row[0]) for row in looking.execute(tables)}
    if "migration" in found:
        found |= {f"{row[0]}" for row in looking.execute("SELECT name FROM migration")}
    looking.close()
    return found


@pytest.mark.fault("C7")
async def test_a_migration_after_a_crash_empties_the_log_and_is_no_loss(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed_after(tmp_path, 3)
    migrate.bring_up_to_date(tmp_path / "notifier.db")
    harness = StoreHarness("sqlite", tmp_path)
    assert (await harness.post(event(), key="call-2")).status != "accepted", "it is there"
    await harness.store.close()
    assert told(caplog, "store.wal_missing") == []
