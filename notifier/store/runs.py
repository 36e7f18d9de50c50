"""Whether the last run of the store ended in order, and kept its write-ahead log if it did not.

Takes the path and a transaction, gives nothing. Refuses nothing: a log that is gone cannot be
had back, so it is told, and the store goes on with what there is.
"""

import contextlib
import logging
from pathlib import Path

import apsw

from notifier.store.transaction import Transaction

_MARK = "open_file"
"""Names the file that a run has open, by its inode, 0 when it ended in order.

A backup that was put in the place of the store is another file, and misses no log.
"""

_log = logging.getLogger(__name__)


def log_of(path: Path) -> Path:
    """Give where the write-ahead log of a store is."""
    return path.with_name(f"{path.name}-wal")


def begin(path: Path, tx: Transaction, *, log_is_there: bool) -> None:
    """Mark the store as open; `log_is_there` is from before it was opened.

    The caller checkpoints, because the mark is of use only in the database itself. On a full disk
    the mark is left as it was.
    """
    file = path.stat().st_ino & (2**63 - 1)
    if tx.one("read_mark", _MARK) == file and not log_is_there:
        _log.error(
            "%s is gone, though the last run did not end in order: if it was deleted, what was "
            "accepted last is lost, and what was sent last may be sent again. Keep that file, or "
            "put a backup in the place of the store. If another program has opened the store "
            "since, nothing is lost",
            log_of(path),
            extra={"action": "store.wal_missing"},
        )
    with contextlib.suppress(apsw.FullError):
        tx.run("write_mark", _MARK, file)


def end(tx: Transaction) -> None:
    """Mark the store as closed in order; raises what SQLite raises."""
    tx.run("write_mark", _MARK, 0)
