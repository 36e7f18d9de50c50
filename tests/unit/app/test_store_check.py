import os
from pathlib import Path

import apsw
import pytest

from notifier.app.store_check import check_store, space
from notifier.model.findings import Condition, Finding
from notifier.store import connection, migrate
from tests.unit.app.running import in_folder, served


def made(folder: Path) -> Path:
    """Give a store as this version makes it."""
    path = folder / "notifier.db"
    writing = connection.open_writer(path)
    migrate.apply(writing, migrate.shipped())
    writing.close()
    return path


def only(path: Path) -> Finding:
    (finding,) = check_store(path)
    assert finding.about == "store"
    return finding


def test_a_store_that_is_not_there_yet_is_fine_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    assert only(path) == Finding("store", Condition.OK, f"{path} will be made at the first start")
    assert not path.exists()


def test_a_sound_store_is_fine_and_stays_as_it_is(tmp_path: Path) -> None:
    path = made(tmp_path)
    before = path.read_bytes()
    assert only(path) == Finding("store", Condition.OK, f"{path} is sound and can be written to")
    assert path.read_bytes() == before
    lock = connection.Lock(path)
    lock.take()
    lock.release()


async def test_beside_a_running_service_it_names_the_holder(tmp_path: Path) -> None:
    async with served(in_folder(tmp_path)):
        finding = only(tmp_path / "notifier.db")
    assert finding.condition is Condition.OK
    assert f"is in use by process {os.getpid()} on " in finding.cause
    assert finding.cause.endswith(": the service runs")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "no" / "notifier.db"
    finding = only(path)
    assert finding.condition is Condition.FAILED
    assert finding.cause.startswith(f"nothing can be written beside {path}: ")
    assert finding.mend.startswith("let DATABASE_URL name a file in a folder that is there")


def test_what_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    path.write_text("not a database " * 100)
    finding = only(path)
    assert finding.condition is Condition.FAILED
    assert finding.cause.startswith(f"{path} is damaged (")
    assert finding.mend.endswith("and put a backup in its place")
    assert path.read_text() == "not a database " * 100


def test_a_database_of_something_else_is_taken_for_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE other (a)")
    other.close()
    assert only(path).condition is Condition.OK


def test_a_store_of_a_newer_version_is_told(tmp_path: Path) -> None:
    path = made(tmp_path)
    newer = apsw.Connection(str(path))
    newer.execute("INSERT INTO migration (number, name, checksum) VALUES (9999, 'later', 'x')")
    newer.close()
    finding = only(path)
    assert finding.condition is Condition.FAILED
    assert "was made by a newer version (migration 9999, this one knows " in finding.cause
    assert finding.mend == "start that version again, or restore a backup made by this one"


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_a_file_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    path = made(tmp_path)
    path.chmod(0o400)
    # Who is root may write to everything; what can be asked is what the system answers.
    expected = Condition.OK if os.access(path, os.W_OK) else Condition.FAILED
    assert only(path).condition is expected


def test_little_room_on_the_disk_is_a_warning(tmp_path: Path) -> None:
    path, enough = tmp_path / "notifier.db", 100 * 1024 * 1024
    assert space(path, enough) == []
    (finding,) = space(path, enough - 1)
    assert finding.condition is Condition.WARNING
    assert finding.cause == f"the disk of {path} has 99 MiB left; a full one answers 503"
