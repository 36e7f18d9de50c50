"""Opening the SQLite file: the lock, the check for damage, the settings of a connection.

Takes a path, gives connections. Refuses a file that another process holds (StoreLocked) or that
is damaged (StoreDamaged), and then leaves every byte of it as it was.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import apsw

from notifier.model.errors import StoreDamaged, StoreError, StoreLocked

_SMALL = 64 * 1024 * 1024
"""Files up to this many bytes are checked whole at start; it takes about 0.1 s."""

_OWNER_ONLY = 0o600

PATIENCE = 2000
"""Milliseconds that the writer waits for another program."""

_RESTORE = (
    "Stop the service, move the file away together with its -wal and -shm files, "
    "and put a backup in its place"
)

STORAGE_ERRORS = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.PermissionsError,
)
"""What SQLite raises when the storage, not the work, is at fault."""


class Lock:
    """Makes one process the only user of a store, by a lock file beside it.

    The lock is a write lock that SQLite takes on a database of its own, so that it works
    wherever SQLite does, and ends with the process however that ends.
    """

    def __init__(self, path: Path) -> None:
        """`path` is the store's; the lock file has `.lock` appended."""
        self._path = path
        self._connection: apsw.Connection | None = None

    def take(self) -> None:
        """Take the lock; raises StoreLocked with the name of the holder."""
        lock = Path(f"{self._path}.lock")
        make_private(lock)
        connection = apsw.Connection(str(lock))
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS holder (who TEXT)")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM holder")
            connection.execute("INSERT INTO holder VALUES (?)", (_ourselves(),))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
        except (apsw.BusyError, apsw.LockedError):
            found = connection.execute("SELECT who FROM holder").get
            connection.close()
            holder = str(found or "another process")
            raise StoreLocked(
                f"{self._path} is in use by {holder}: one process at a time "
                "may serve an SQLite store. Stop that one first, or give this one another "
                "DATABASE_URL",
                holder,
            ) from None
        self._connection = connection

    def release(self) -> None:
        """Let go of the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def holder(path: Path) -> str | None:
    """Give who holds the store, or None when nobody does; takes and changes nothing."""
    lock = path.with_name(f"{path.name}.lock")
    if not lock.exists():
        return None
    looking = apsw.Connection(str(lock))
    try:
        looking.execute("BEGIN IMMEDIATE")
        return None
    except (apsw.BusyError, apsw.LockedError):
        return str(looking.execute("SELECT who FROM holder").get or "another process")
    except apsw.ReadOnlyError:
        return "unknown: its lock file may not be written by this user"
    finally:
        looking.close()


def _ourselves() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def check(path: Path) -> None:
    """Look at the file without writing to it; raises StoreDamaged, StoreError for a folder."""
    _must_be_no_folder(path)
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        connection = apsw.Connection(
            path.absolute().as_uri() + "?mode=ro",
            flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI,
        )
        try:
            found = connection.execute("SELECT count(*) FROM sqlite_schema").get
            if path.stat().st_size <= _SMALL:
                found = connection.execute("PRAGMA quick_check(1)").get
                if found != "ok":
                    raise StoreDamaged(damage_text(path, str(found)))
        finally:
            connection.close()
    except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
        raise StoreDamaged(damage_text(path, str(error))) from error


def damage_text(path: Path, found: str) -> str:
    """Say what is wrong with the file and how to go on."""
    # SQLite's own headline names the database, not the damage.
    lines = [line for line in found.strip().splitlines() if not line.startswith("***")]
    first = lines[0] if lines else "no detail"
    return f"{path} is damaged ({first}). Nothing was changed. {_RESTORE}."


def open_writer(path: Path) -> apsw.Connection:
    """Open the one connection that writes, durable: a commit returns when it is on the disk."""
    connection = apsw.Connection(str(path), statementcachesize=1000)
    connection.set_busy_timeout(PATIENCE)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("fullfsync", True)
    connection.pragma("checkpoint_fullfsync", True)
    # What is erased must not stay in the file, where a search for its bytes would find it.
    connection.pragma("secure_delete", True)
    # Checkpoints run on a connection of their own, never inside a commit.
    connection.pragma("wal_autocheckpoint", 0)
    connection.pragma("temp_store", "memory")
    connection.pragma("cache_size", -16000)
    _read_back(path, connection)
    return connection


def make_private(path: Path) -> None:
    """Make a file that is not there yet, empty and for its owner only.

    SQLite gives its log the mode of the file. What cannot be made, SQLite says better.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))


def _read_back(path: Path, connection: apsw.Connection) -> None:
    mode = connection.pragma("journal_mode")
    level = connection.pragma("synchronous")
    full = connection.pragma("fullfsync")
    if (mode, level, full) != ("wal", 2, 1):
        raise StoreDamaged(
            f"{path} cannot be made durable (journal_mode {mode}, synchronous {level}, fullfsync "
            f"{full}): put it on a local file system, not on a network share"
        )


def must_exist(path: Path) -> None:
    """Raise StoreError when there is no store, for whoever must not make one."""
    _must_be_no_folder(path)
    if not path.exists():
        raise StoreError(
            f"there is no store at {path}; DATABASE_URL names it, relative to the working "
            "directory unless it is absolute"
        )


def _must_be_no_folder(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; DATABASE_URL must name a file in it")


@contextlib.contextmanager
def reading(path: Path, *, immutable: bool = False) -> Iterator[apsw.Connection]:
    """Open a store for a look, also beside a service; raises StoreError when there is none.

    `immutable`: nobody else has the file open, so neither log nor lock is needed, or left behind.
    """
    must_exist(path)
    how = "?mode=ro&immutable=1" if immutable else "?mode=ro"
    connection = apsw.Connection(
        path.absolute().as_uri() + how, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    )
    try:
        connection.set_busy_timeout(2000)
        yield connection
    finally:
        connection.close()


def open_reader(path: Path) -> apsw.Connection:
    """Open a connection that only reads, beside the writer."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(2000)
    connection.pragma("query_only", True)
    return connection
