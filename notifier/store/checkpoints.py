"""Checkpoints: the write-ahead log goes into the database on a thread and connection of its own.

Takes the size of the log after each commit, gives nothing. Refuses nothing: a checkpoint that
cannot run is tried again after the next commit.
"""

import contextlib
import logging
import threading
from pathlib import Path

import apsw

from notifier.store.connection import STORAGE_ERRORS

_PAGES = 1000
"""Checkpoint when the log holds this many pages (about 4 MB)."""

_ALARM_PAGES = 16_000
"""Warn when the log holds this many pages (about 64 MB)."""

_LARGE = (
    "The write-ahead log holds more than 64 MB, most often because another program keeps a "
    "transaction open on the store; until it ends, the log grows."
)

_log = logging.getLogger(__name__)


class Checkpointer:
    """Runs passive checkpoints beside the writer, so that no commit waits for one."""

    def __init__(self, path: Path, writer: apsw.Connection) -> None:
        """Watches the commits of `writer`."""
        self._path = path
        self._wanted = threading.Event()
        self._stopped = False
        self._large = False
        self.alone = threading.Lock()
        """Held while a checkpoint runs; SQLite refuses a second one at the same time at once."""
        writer.set_wal_hook(self._committed)
        self._thread = threading.Thread(target=self._loop, name="store-checkpoints", daemon=True)
        self._thread.start()

    def trouble(self) -> tuple[str, ...]:
        """Say that the log is large, as a sentence; most often there is nothing to say."""
        return (_LARGE,) if self._large else ()

    def stop(self) -> None:
        """End the thread. Blocks for at most one checkpoint."""
        self._stopped = True
        self._wanted.set()
        self._thread.join()

    def _committed(self, writer: apsw.Connection, database: str, pages: int) -> int:
        if pages >= _PAGES:
            self._wanted.set()
        large = pages >= _ALARM_PAGES
        if large and not self._large:
            _log.warning(_LARGE, extra={"action": "store.wal_large"})
        self._large = large
        return apsw.SQLITE_OK

    def _loop(self) -> None:
        connection = apsw.Connection(str(self._path))
        connection.pragma("wal_autocheckpoint", 0)
        connection.pragma("synchronous", "full")
        # macOS alone tells a sync from a sync that reached the disk.
        connection.pragma("fullfsync", 1)
        connection.pragma("checkpoint_fullfsync", 1)
        while True:
            self._wanted.wait()
            if self._stopped:
                break
            self._wanted.clear()
            self._checkpoint(connection)
        # What cannot be moved now is found in the log at the next start.
        with contextlib.suppress(*STORAGE_ERRORS):
            connection.close()

    def _checkpoint(self, connection: apsw.Connection) -> None:
        try:
            with self.alone:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            _log.warning(
                "a checkpoint failed: %s", error, extra={"action": "store.checkpoint_failed"}
            )
