"""A mail server on loopback that takes everything, counts it, and can hold its replies."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes


@dataclass(frozen=True)
class Taken:
    """One mail as it arrived: envelope recipient, Message-ID, SHA-256 of its bytes."""

    to: str
    message_id: str
    digest: str
    raw: bytes


class SmtpSink:
    """Counts what was handed in; `sends` is how many dots wait for their reply."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.sends = 0
        self.connections = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._replying = asyncio.Event()
        self._replying.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "SmtpSink":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._replying.set()
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def hold(self) -> None:
        """Take mails, but answer no dot."""
        self._replying.clear()

    def release(self) -> None:
        """Answer every dot, those that wait included."""
        self._replying.set()

    async def wait_for(self, what: Callable[["SmtpSink"], bool], seconds: float = 60) -> None:
        """Return when `what` holds; raises TimeoutError."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: what(self))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            writer.write(b"220 sink.example.com ESMTP\r\n")
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            await self._tell()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to = ""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-sink.example.com\r\n250-PIPELINING\r\n250 SIZE 10000000\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go ahead\r\n")
                await self._take(to, reader)
                writer.write(b"250 2.0.0 queued as %d\r\n" % len(self.taken))
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                if verb == b"RCPT":
                    to = line.split(b"<")[1].split(b">")[0].decode()
                writer.write(b"250 ok\r\n")

    async def _take(self, to: str, reader: asyncio.StreamReader) -> None:
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                raise ConnectionError
            lines.append(line[1:] if line.startswith(b".") else line)
        raw = b"".join(lines)
        message_id = message_from_bytes(raw)["Message-ID"]
        self.taken.append(Taken(to, message_id, hashlib.sha256(raw).hexdigest(), raw))
        self.sends += 1
        await self._tell()
        try:
            await self._replying.wait()
        finally:
            self.sends -= 1
