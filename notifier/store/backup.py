"""Copying a store, also while a service writes to it.

Takes the path of a store and of a file that is not there yet, gives a checked copy, on the disk,
readable by its owner only. Refuses to overwrite (StoreError), to copy what is damaged
(StoreDamaged) or cannot be read or written (StoreError); then nothing is left behind.
"""

import os
import tempfile
from pathlib import Path

import apsw

from notifier.model.errors import StoreDamaged, StoreError
from notifier.store import connection
from notifier.store.inspection import Findings, inspect

_PAGES = 1024
"""Pages (about 4 MB) between two syncs of the copy, so that the service's own never wait long."""


def copy(store: Path, file: Path) -> Findings:
    """Copy `store` to `file` as it is at one instant; give what the copy holds."""
    connection.must_exist(store)
    if os.path.lexists(file):
        raise StoreError(f"{file} is already there and was left as it is; name another file")
    try:
        # Complete or not there: it gets its name when it is checked and on the disk.
        handle, name = tempfile.mkstemp(".part", f"{file.name}.", file.parent)
        os.close(handle)
        try:
            return _checked(store, Path(name), file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}") from error
    except connection.STORAGE_ERRORS as error:
        raise StoreError(f"{store} cannot be copied to {file}: {error}") from error


def _checked(store: Path, part: Path, file: Path) -> Findings:
    _fill(store, part)
    try:
        found = inspect(part, immutable=True)
    except StoreDamaged as error:
        raise StoreDamaged(
            f"no copy of {store} was kept: it does not pass its check; "
            "notifier store check says why"
        ) from error
    _put_in_place(part, file)
    return found


def _fill(store: Path, part: Path) -> None:
    with connection.reading(store) as source, part.open("rb+") as disk:
        target = apsw.Connection(str(part))
        try:
            # The copy counts only once it is complete and synced, so it needs no journal.
            target.pragma("journal_mode", "off")
            target.pragma("synchronous", "off")
            _copy_pages(source, target, disk.fileno())
        finally:
            target.close()
        os.fsync(disk.fileno())


def _copy_pages(source: apsw.Connection, target: apsw.Connection, disk: int) -> None:
    # One reading transaction, so that all pieces are of one instant. In WAL mode it stops no
    # writer; without it every commit of the service would begin the copy anew.
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    with target.backup("main", source, "main") as pieces:
        while not pieces.done:
            pieces.step(_PAGES)
            os.fsync(disk)


def _put_in_place(part: Path, file: Path) -> None:
    # Made first, and only if nobody else did, so that the rename replaces our own file alone.
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        part.replace(file)
    except OSError:
        file.unlink()
        raise
    if os.name == "posix":
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
