"""A mail server on loopback that takes everything, counts it, and can hold its replies.

Given a password it wants a sign-in first (RFC 4954, PLAIN).
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from typing import Self


@dataclass(frozen=True)
class Taken:
    """One mail as it arrived: envelope recipient, Message-ID, SHA-256 of its bytes."""

    to: str
    message_id: str
    digest: str
    raw: bytes


class SmtpSink:
    """Counts what was handed in; `sends` is how many dots wait for their reply.

    `asked` is how many mails wait to be let in, `broken_off` how many never came to their dot,
    `signed_in` and `refused` how many sign-ins there were, `crowded` how many recipients mails
    had beside their first.
    """

    def __init__(self, sign_in: tuple[str, str] | None = None) -> None:
        """`sign_in` is a user and a password."""
        self.taken: list[Taken] = []
        self.sends = 0
        self.asked = 0
        self.broken_off = 0
        self.signed_in = 0
        self.refused = 0
        self.crowded = 0
        self._sign_in = sign_in
        self._gate: asyncio.Semaphore | None = None
        self.connections = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._replying = asyncio.Event()
        self._replying.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._replying.set()
        self.open_gate()
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

    def shut_gate(self) -> None:
        """Answer no DATA: whoever sends it waits, and has not written his mail yet."""
        self._gate = asyncio.Semaphore(0)

    def let_one_in(self) -> None:
        """Answer one DATA."""
        assert self._gate is not None
        self._gate.release()

    def open_gate(self) -> None:
        """Answer every DATA, those that wait included."""
        gate, self._gate = self._gate, None
        if gate is not None:
            for _ in range(self.asked):
                gate.release()

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
                writer.write(b"250-sink.example.com\r\n250-PIPELINING\r\n")
                writer.write(b"250-AUTH PLAIN\r\n" if self._sign_in else b"")
                writer.write(b"250 SIZE 10000000\r\n")
            elif verb == b"AUTH":
                writer.write(self._welcome(line))
            elif verb == b"DATA":
                await self._let_in()
                writer.write(b"354 go ahead\r\n")
                await self._take(to, reader)
                writer.write(b"250 2.0.0 queued as %d\r\n" % len(self.taken))
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                if verb == b"MAIL":
                    to = ""
                if verb == b"RCPT":
                    self.crowded += bool(to)
                    to = line.split(b"<")[1].split(b">")[0].decode()
                writer.write(b"250 ok\r\n")

    def _welcome(self, line: bytes) -> bytes:
        said = base64.b64decode(line.split()[-1]).decode().split("\0")
        if self._sign_in is None or tuple(said[1:]) != self._sign_in:
            self.refused += 1
            return b"535 5.7.8 not known here\r\n"
        self.signed_in += 1
        return b"235 2.7.0 welcome\r\n"

    async def _let_in(self) -> None:
        if self._gate is None:
            return
        self.asked += 1
        await self._tell()
        try:
            await self._gate.acquire()
        finally:
            self.asked -= 1

    async def _take(self, to: str, reader: asyncio.StreamReader) -> None:
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            if not line:
                self.broken_off += 1
                raise ConnectionError
            lines.append(line[1:] if line.startswith(b".") else line)
        raw = b"".join(lines)
        message_id = message_from_bytes(raw)["Message-ID"]
        self.keep(Taken(to, message_id, hashlib.sha256(raw).hexdigest(), raw))
        self.sends += 1
        await self._tell()
        try:
            await self.pause()
            await self._replying.wait()
        finally:
            self.sends -= 1

    def keep(self, mail: Taken) -> None:
        """Remember a mail, before its dot is answered."""
        self.taken.append(mail)

    async def pause(self) -> None:
        """Take time before the reply to a dot; this server takes none."""
