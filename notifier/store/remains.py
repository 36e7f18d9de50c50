"""What is left of erased rows in the bytes of the files, and how it goes.

Takes the path of a store and the texts that were erased, gives nothing. Refuses (StoreFailed) when
somebody reads for so long that the log cannot be emptied.

SQLite writes zeros over what it deletes, but where it moves rows between pages, a copy may stay
in the unused part of a page. Only building the file anew takes that away.
"""

from collections.abc import Collection
from pathlib import Path

import apsw

from notifier.model.errors import StoreFailed
from notifier.store.connection import STORAGE_ERRORS

PATIENCE = 600_000
"""Milliseconds that the writer waits while a file is built anew."""

_BUSY = 5000
_CHUNK = 1024 * 1024


def wipe(path: Path, texts: Collection[str]) -> None:
    """Empty the log; build the file anew when a text is still found in it. Blocks.

    It is built anew at the pace of a copy; the file may be as large as it is once more meanwhile.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY)
        connection.pragma("wal_autocheckpoint", 0)
        connection.pragma("synchronous", "full")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if holds(path, texts):
            connection.execute("VACUUM")
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except STORAGE_ERRORS as error:
        raise StoreFailed(f"what was erased may still be in the files: {error}") from error
    finally:
        connection.close()


def holds(path: Path, texts: Collection[str]) -> bool:
    """Tell whether a text stands in a file, in small or capital letters."""
    wanted = [text.encode(errors="replace").lower() for text in texts]
    longest = max(map(len, wanted), default=0)
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            seen = (before + chunk).lower()
            if any(text in seen for text in wanted):
                return True
            before = chunk[-longest:]
    return False
