"""`notifier store`: copies of a live store, how they are restored, and what is found in a store."""

import asyncio
import hashlib
import json
import os
import stat
import subprocess
from pathlib import Path

import apsw
import httpx2
import pytest

from notifier.store import connection
from tests.integration.command import (
    NOTIFIER,
    CompletedProcess,
    asked,
    document,
    environment,
    refusal,
    run,
)
from tests.service import Service, assigned, running
from tests.smtp_sink import SmtpSink

BEFORE = 20
LISTED = 200
FILES = ("notifier.db", "notifier.db-wal", "notifier.db-shm")


async def accepted(service: Service, number: int) -> str:
    answer = await service.post(assigned(number, f"p{number}@example.com"), f"call-{number}")
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    (delivery,) = answer.json()["deliveries"]
    found: str = delivery["id"]
    return found


def restore(folder: Path, backup: Path) -> None:
    """Do what docs/howto/back-up-and-restore.md says, between stop and start."""
    aside = folder / "aside"
    aside.mkdir()
    for name in FILES:
        if (folder / name).exists():
            (folder / name).rename(aside / name)
    backup.rename(folder / "notifier.db")


async def test_c10_a_copy_under_traffic_holds_all_that_was_accepted_before(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        before = [await accepted(service, number) for number in range(BEFORE)]
        copying = asyncio.ensure_future(asked(service, "store", "backup", "copy.db", "--json"))
        number = BEFORE
        # No more than a list holds.
        while not copying.done() and number < LISTED:
            await accepted(service, number)
            number += 1
        done = await copying
        assert (done.returncode, done.stderr) == (0, "")
        found = document(done)
        assert BEFORE <= found["events"] <= number
        assert sum(found["deliveries"].values()) == found["events"]
    copy = tmp_path / "copy.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (found["file"], found["bytes"]) == ("copy.db", copy.stat().st_size)
    assert [name for name in os.listdir(tmp_path) if name.startswith("copy.db")] == ["copy.db"]
    given = {**service.environment, "DATABASE_URL": "sqlite:///copy.db"}
    listed = run(
        tmp_path, "deliveries", "list", "--offline", "--json", "--limit", str(LISTED), **given
    )
    assert set(before) <= {one["id"] for one in document(listed)["items"]}


async def test_c10_no_commit_waits_for_whoever_reads_the_whole_store(tmp_path: Path) -> None:
    """A copy holds one reading transaction from its first page to its last."""
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        await accepted(service, 1)
        with connection.reading(tmp_path / "notifier.db") as reader:
            reader.execute("BEGIN")
            count = "SELECT count(*) FROM event"
            assert reader.execute(count).get == 1
            await service.until_ended([await accepted(service, 2)])
            assert reader.execute(count).get == 1


async def test_c11_a_restored_copy_goes_on_from_its_instant(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await service.start()
            kept = await accepted(service, 1)
            await service.until_ended([kept])
            assert (await asked(service, "store", "backup", "copy.db")).returncode == 0
            lost = await accepted(service, 2)
            await service.until_ended([lost])
            assert await service.stop() == 0
            restore(tmp_path, tmp_path / "copy.db")
            await service.start()
            (found,) = await service.deliveries()
            assert (found["id"], found["state"]) == (kept, "sent")
            repeated = await service.post(assigned(1, "p1@example.com"), "call-1")
            assert (repeated.status_code, repeated.json()["status"]) == (200, "duplicate")
            # What came after the copy is not known, so its help desk may post it again.
            again = await accepted(service, 2)
            await service.until_ended([again])
        finally:
            await service.close()
    assert again > lost
    assert [mail.to for mail in sink.taken] == ["p1@example.com"] + ["p2@example.com"] * 2


async def test_c11_what_waited_when_the_copy_was_made_leaves_after_the_restore(
    tmp_path: Path,
) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await service.start()
            sink.shut_gate()
            waits = await accepted(service, 1)
            await sink.wait_for(lambda sink: sink.asked == 1)
            assert (await asked(service, "store", "backup", "copy.db")).returncode == 0
            sink.open_gate()
            await service.until_ended([waits])
            assert await service.stop() == 0
            restore(tmp_path, tmp_path / "copy.db")
            await service.start()
            (ended,) = await service.until_ended([waits])
        finally:
            await service.close()
    assert ended["state"] == "sent"
    # The mail was in flight, so its identity is in the copy: a mailbox can see that they are one.
    first, second = sink.taken
    assert (first.message_id, first.digest) == (second.message_id, second.digest)


def refused(done: CompletedProcess) -> str:
    (line,) = refusal(done, 1)
    return line


async def test_a_copy_never_replaces_anything_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        await accepted(service, 1)
        assert await service.stop() == 0
        (tmp_path / "there").write_text("mine")
        (tmp_path / "link").symlink_to("nowhere")
        before = sorted(os.listdir(tmp_path))
        for name in ("there", "link", ".", "notifier.db"):
            line = refused(await asked(service, "store", "backup", name))
            assert line.endswith("is already there and was left as it is; name another file")
        line = refused(await asked(service, "store", "backup", "gone/copy.db"))
        assert line == "notifier: gone/copy.db cannot be written: No such file or directory"
        line = refused(await asked(service, "store", "backup", "x", DATABASE_URL="sqlite:///y"))
        assert line.startswith("notifier: there is no store at y; ")
        assert sorted(os.listdir(tmp_path)) == before
        assert (tmp_path / "there").read_text() == "mine"


def test_a_copy_that_finds_no_room_is_not_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "store", "migrate").returncode == 0
    # No file may grow past 8 KiB, so what measures coverage stays out of it.
    given = environment(tmp_path)
    bare = {name: text for name, text in given.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *NOTIFIER, "store", "backup", "copy.db"],
        cwd=tmp_path,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    line = refused(done)
    assert line.startswith("notifier: notifier.db cannot be copied to copy.db: ")
    assert not [name for name in os.listdir(tmp_path) if name.startswith("copy.db")]


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)


async def test_a_check_finds_damage_and_a_copy_of_it_is_not_kept(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        await service.until_ended([await accepted(service, 1)])
        assert await service.stop() == 0
        sound = await asked(service, "store", "check", "--full")
        damage(tmp_path / "notifier.db")
        before = hashlib.sha256((tmp_path / "notifier.db").read_bytes()).digest()
        checked = await asked(service, "store", "check", "--json")
        copied = await asked(service, "store", "backup", "copy.db")
    assert sound.returncode == 0
    lines = dict(line.split("  ", 1) for line in sound.stdout.splitlines())
    assert [name.strip() for name in lines] == [
        "store",
        "write-ahead log",
        "schema",
        "in use by",
        "events",
        "deliveries",
    ]
    assert "notifier.db: sound, " in sound.stdout
    assert sound.stdout.endswith("1: 1 sent\n")
    assert checked.returncode == 1
    assert document(checked)["detail"].startswith("notifier.db is damaged (")
    assert refused(copied).startswith("notifier: no copy of notifier.db was kept: ")
    assert not (tmp_path / "copy.db").exists()
    assert hashlib.sha256((tmp_path / "notifier.db").read_bytes()).digest() == before


async def test_beside_a_service_a_check_names_it(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        assert service.process is not None
        await service.until_ended([await accepted(service, 1)])
        found = document(await asked(service, "store", "check", "--json"))
        assert found["holder"].startswith(f"process {service.process.pid} on ")
    assert found["wal_bytes"] > 0
    assert found["schema"] == found["newest_schema"]
    assert (found["events"], found["tickets"], found["deliveries"]) == (1, 1, {"sent": 1})


def test_a_store_is_migrated_ahead_of_the_service(tmp_path: Path) -> None:
    first = run(tmp_path, "store", "migrate")
    again = run(tmp_path, "store", "migrate", "--json")
    newest = document(again)["schema"]
    assert first.stdout == f"notifier.db went from schema 0 to {newest}\n"
    assert document(again) == {"file": "notifier.db", "schema_before": newest, "schema": newest}
    assert run(tmp_path, "store", "migrate").stdout == (
        f"notifier.db is up to date: schema {newest}\n"
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notifier.db", "notifier.db.lock"]
    line = refused(run(tmp_path, "store", "migrate", DATABASE_URL="sqlite:///gone/a.db"))
    assert line.startswith("notifier: gone/a.db cannot be migrated: ")


@pytest.mark.parametrize("command", [("check",), ("migrate",), ("backup", "copy.db")], ids=str)
def test_a_store_of_a_newer_version_is_left_alone(command: tuple[str, ...], tmp_path: Path) -> None:
    assert run(tmp_path, "store", "migrate").returncode == 0
    with apsw.Connection(str(tmp_path / "notifier.db")) as opened:
        opened.execute("INSERT INTO migration VALUES (999, 'later', '')")
    opened.close()
    line = refused(run(tmp_path, "store", *command))
    said = "no copy of notifier.db was kept" if command[0] == "backup" else "migration 999"
    assert said in line
    assert not (tmp_path / "copy.db").exists()


def test_an_empty_file_is_a_store_without_a_schema(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").touch()
    done = run(tmp_path, "store", "check")
    assert done.returncode == 0
    assert "notifier store migrate does the rest" in done.stdout
    assert json.loads(run(tmp_path, "store", "check", "--json").stdout)["schema"] == 0
