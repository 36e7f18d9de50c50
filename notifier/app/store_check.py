"""Looking at the store as a start would, without changing it.

Takes the file's path, gives findings. Refuses nothing. A store that a running service holds is
fine: the finding names the holder.
"""

import os
import shutil
from pathlib import Path

from notifier.model.errors import StoreDamaged, StoreLocked
from notifier.model.findings import Condition, Finding
from notifier.store import connection, migrate

ABOUT = "store"
_LITTLE = 100 * 1024 * 1024
_MEGABYTE = 1024 * 1024


def check_store(path: Path) -> list[Finding]:
    """Give what was found."""
    found = _state(path)
    if found.condition is not Condition.OK:
        return [found]
    return [found, *space(path, shutil.disk_usage(path.absolute().parent).free)]


def _state(path: Path) -> Finding:
    lock = connection.Lock(path)
    try:
        # The lock is a write beside the file, so it also shows whether the folder takes one.
        lock.take()
    except StoreLocked as error:
        cause = f"{path} is in use by {error.holder}: the service runs"
        return Finding(ABOUT, Condition.OK, cause)
    except connection.STORAGE_ERRORS as error:
        return _failed(
            f"nothing can be written beside {path.absolute()}: {error}",
            "let DATABASE_URL name a file in a folder that is there, that this user may write to, "
            "and that has room",
        )
    try:
        return _file(path)
    finally:
        lock.release()


def _file(path: Path) -> Finding:
    if not path.exists() or path.stat().st_size == 0:
        return Finding(ABOUT, Condition.OK, f"{path} will be made at the first start")
    if not os.access(path, os.W_OK):
        return _failed(f"{path} may not be written to", "give this user the right to write to it")
    try:
        connection.check(path)
        number = _schema(path)
    except StoreDamaged as error:
        return _failed(
            f"{str(error).partition('. ')[0]}",
            "stop the service, move the file away "
            "together with its -wal and -shm files, and put a backup in its place",
        )
    except connection.STORAGE_ERRORS as error:
        return _failed(f"{path} cannot be read: {error}", "look at the disk and at who owns it")
    newest = migrate.shipped()[-1].number
    if number > newest:
        return _failed(
            f"{path} was made by a newer version (migration {number}, this one knows {newest})",
            "start that version again, or restore a backup made by this one",
        )
    return Finding(ABOUT, Condition.OK, f"{path} is sound and can be written to")


def _schema(path: Path) -> int:
    """Give the number of the last migration; 0 when none was applied."""
    reader = connection.open_reader(path)
    try:
        there = reader.execute("SELECT 1 FROM sqlite_schema WHERE name = 'migration'").get
        if not there:
            return 0
        return int(reader.execute("SELECT coalesce(max(number), 0) FROM migration").get or 0)
    finally:
        reader.close()


def space(path: Path, free: int) -> list[Finding]:
    """Warn when the disk has little room; `free` is what it has, in bytes."""
    if free >= _LITTLE:
        return []
    cause = f"the disk of {path} has {free // _MEGABYTE} MiB left; a full one answers 503"
    mend = "make room, or let DATABASE_URL name a file on another disk"
    return [Finding(ABOUT, Condition.WARNING, cause, mend)]


def _failed(cause: str, mend: str) -> Finding:
    return Finding(ABOUT, Condition.FAILED, cause, mend)
