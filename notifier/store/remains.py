"""What is left of erased rows in the bytes of the files, and how it goes.

Takes the path of a store and the texts that were erased, gives nothing. Refuses (StoreFailed) when
somebody reads for so long that the log cannot be emptied.

SQLite writes zeros over what it deletes, but where it moves rows between pages, a copy may stay
in the unused part of a page. Only building the file anew takes that away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import apsw

from notifier.model.errors import StoreFailed
from notifier.store import connection as opening
from notifier.store.context import Tick
from notifier.store.transaction import Transaction

PATIENCE = 600_000
"""Milliseconds that the writer waits while a file is built anew."""

MARK = "erased"
"""Names whom the last erasure was of whose remains may still be there, 0 when none are."""

_BUSY = 5000
_CHUNK = 1024 * 1024


Work = Callable[[Transaction, Tick], Any]


class Remains:
    """What is still to be wiped. What fails, or a crash prevents, is done by the next sweep."""

    def __init__(self, path: Path, job: Callable[[Work], Awaitable[Any]]) -> None:
        """`job` runs work in the writer's transaction."""
        self._path = path
        self._job = job
        self._texts: set[str] = set()
        self._unknown = False
        self._one_at_a_time = asyncio.Lock()

    def find(self, tx: Transaction) -> None:
        """Learn whether an earlier process left any; of which texts nobody knows any more."""
        self._unknown = bool(tx.one("read_mark", MARK))

    def add(self, texts: Iterable[str]) -> None:
        """Learn of texts that were erased."""
        self._texts.update(texts)

    async def wipe(self) -> None:
        """Take all of it out of the files, if there is any; raises StoreFailed."""
        async with self._one_at_a_time:
            if not self._texts and not self._unknown:
                return
            last = await self._job(_begin)
            texts = None if self._unknown else frozenset(self._texts)
            known = frozenset(self._texts)
            try:
                await asyncio.to_thread(wipe, self._path, texts)
            finally:
                await self._job(lambda tx, _: tx.be_patient(opening.PATIENCE))
            await self._job(lambda tx, _: _end(tx, last))
            self._texts -= known
            self._unknown = False


def _begin(tx: Transaction, _: Tick) -> Any:
    tx.be_patient(PATIENCE)
    return tx.one("read_mark", MARK)


def _end(tx: Transaction, last: Any) -> None:
    # Somebody else may have been erased meanwhile.
    if tx.one("read_mark", MARK) == last:
        tx.run("write_mark", MARK, 0)


def wipe(path: Path, texts: Collection[str] | None) -> None:
    """Empty the log; build the file anew when a text is still found in it. Blocks.

    Without texts it is built anew in any case, at the pace of a copy; the file may be as large as
    it is once more meanwhile.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY)
        connection.pragma("wal_autocheckpoint", 0)
        connection.pragma("synchronous", "full")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if texts is None or holds(path, texts):
            connection.execute("VACUUM")
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except opening.STORAGE_ERRORS as error:
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
