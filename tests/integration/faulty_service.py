"""The service on a file system that fails when it is told to: `python -m` this, then a command.

FAULTS names a folder in its environment. While that holds a file of one of these names, writes to
the write-ahead log fail (`full-once`, which takes that file away, and `readonly`), or syncs of it
do (`unsynced`), or the process kills itself as a sync returns (`dies`).
"""

import os
import signal
from pathlib import Path

import apsw
from typing_extensions import Buffer

from notifier.cli.main import main

FAULTS = "FAULTY_SERVICE_FAULTS"


class FaultyFile(apsw.VFSFile):
    """A file of the store."""

    def __init__(self, vfs: str, name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__(vfs, name, flags)
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._is_log = path.endswith("-wal")

    def xWrite(self, data: Buffer, offset: int) -> None:  # the name is SQLite's
        if self._asked("full-once"):
            (Path(os.environ[FAULTS]) / "full-once").unlink()
            raise apsw.FullError("no space left")
        if self._asked("readonly"):
            raise apsw.IOError("read-only file system")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._asked("unsynced"):
            raise apsw.IOError("the disk does not answer")
        super().xSync(flags)
        if self._asked("dies"):
            os.kill(os.getpid(), signal.SIGKILL)

    def _asked(self, fault: str) -> bool:
        return self._is_log and (Path(os.environ[FAULTS]) / fault).exists()


class FaultyFiles(apsw.VFS):
    """The file system that SQLite uses unless another is named."""

    def __init__(self) -> None:
        self._below = apsw.vfs_names()[0]
        super().__init__("faulty", self._below, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return FaultyFile(self._below, name or "", flags)


if __name__ == "__main__":
    files = FaultyFiles()
    main()
