"""The service on a file system that is watched, and can be full: `python -m` this, then a command.

Takes two file names from its environment. Into SHIM_LOG it writes a line for each write to the
store or its write-ahead log, each sync of them and each write to a socket, in their order.
SHIM_SPACE holds how many bytes all files of the store may have together.
"""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import apsw
from typing_extensions import Buffer

from notifier.cli.main import main

LOG, SPACE = "SHIM_LOG", "SHIM_SPACE"


class Journal:
    """Lines in the order in which things happened, whatever thread they happened on."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, what: str, where: object, data: bytes = b"", offset: int = 0) -> None:
        line = f"{threading.get_ident()} {what} {where} {offset} {data.hex()}\n"
        os.write(self._file, line.encode())


class WatchedFile(apsw.VFSFile):
    """A file of the store."""

    def __init__(self, vfs: str, name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__(vfs, name, flags)
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._where = {"-wal": "wal", "r.db": "db"}.get(self._path[-4:])

    def xWrite(self, data: Buffer, offset: int) -> None:  # the name is SQLite's
        if self._grows_too_far(offset + len(bytes(data))):
            raise apsw.FullError("no space left")
        super().xWrite(data, offset)
        self._say("page", bytes(data), offset)

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._say("cut", offset=size)

    def xSync(self, flags: int) -> None:
        self._say("sync-begun")
        super().xSync(flags)
        self._say("sync-done")

    def _say(self, what: str, data: bytes = b"", offset: int = 0) -> None:
        if journal is not None and self._where is not None:
            journal.say(what, self._where, data, offset)

    def _grows_too_far(self, end: int) -> bool:
        size = self.xFileSize()
        if SPACE not in os.environ or end <= size:
            return False
        used = sum(file.stat().st_size for file in os.scandir(Path(self._path).parent))
        return used + end - size > int(Path(os.environ[SPACE]).read_text())


class WatchedFiles(apsw.VFS):
    """The file system that SQLite uses unless another is named."""

    def __init__(self) -> None:
        self._below = apsw.vfs_names()[0]
        super().__init__("watched", self._below, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return WatchedFile(self._below, name or "", flags)


def watched(name: str) -> Callable[..., int]:
    """Give a socket's method that tells what it is given before it writes it."""
    inner: Callable[..., int] = getattr(socket.socket, name)

    def send(self: socket.socket, data: Buffer, *more: int) -> int:
        if journal is not None:
            journal.say("answer", self.fileno(), bytes(data))
        return inner(self, data, *more)

    return send


def install() -> WatchedFiles:
    """Watch the files that are opened and the sockets that are written to from now on."""
    for method in ("send", "sendall"):
        setattr(socket.socket, method, watched(method))
    return WatchedFiles()


journal = Journal(os.environ[LOG]) if LOG in os.environ else None
if __name__ == "__main__":
    files = install()
    main()
