"""A mail server on loopback that follows a script, and writes down all that it sees.

Without a script it behaves well. `server.script["RCPT"] = [b"450 wait\\r\\n"]` makes the next
RCPT fare so, and those after it well again; a script's step is bytes to send, or a function
that is given the conversation. Steps: BANNER EHLO STARTTLS AUTH MAIL RCPT DATA DOT RSET QUIT.
"""

import asyncio
import socket
import ssl
import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeGuard


@dataclass(frozen=True)
class Seen:
    """One command: its line, whether it came encrypted, and on which connection."""

    line: str
    secure: bool
    connection: int

    @property
    def verb(self) -> str:
        return self.line.split(" ")[0].upper()


@dataclass(frozen=True)
class Mail:
    """One mail as it was taken: envelope, bytes without the doubled dots."""

    sender: str
    to: str
    raw: bytes
    secure: bool
    connection: int


@dataclass
class SmtpServer:
    """What it offers, how it secures, its script, and what it saw.

    `kind` is plain, starttls or implicit. `segments` holds each piece that arrived, after
    decryption, in the order of arrival.
    """

    kind: str = "plain"
    context: ssl.SSLContext | None = None
    offers: list[str] = field(default_factory=lambda: ["PIPELINING", "SIZE 1000000"])
    mechanisms: str = "PLAIN LOGIN"
    script: defaultdict[str, list["bytes | Callable[[Conversation], None]"]] = field(
        default_factory=lambda: defaultdict(list)
    )
    commands: list[Seen] = field(default_factory=list)
    segments: list[bytes] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    open: "set[Conversation]" = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def verbs(self, connection: int = 0) -> list[str]:
        """Give the verbs that came, on one connection or on all."""
        return [one.verb for one in self.commands if connection in (0, one.connection)]

    async def until(self, what: "Callable[[SmtpServer], object]") -> None:
        """Return when `what` holds of the server."""
        async with asyncio.timeout(30):
            while not what(self):
                self._changed.clear()
                await self._changed.wait()

    def notify(self) -> None:
        self._changed.set()


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: SmtpServer) -> None:
        self.server = server
        self.secure = server.kind == "implicit"
        self.transport: asyncio.Transport
        self.number = 0
        self._buffer = b""
        self._sender = ""
        self._recipients: list[str] = []
        self._in_data = False
        self._encrypting = False
        self._login: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    # -- steps for scripts ----------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self) -> None:
        """Say goodbye to the connection, not to the client."""
        self.transport.close()

    def reset(self) -> None:
        """Cut the connection as a crash would."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def hang(self) -> None:
        """Answer nothing."""

    def begin_data(self) -> None:
        """Take what follows as a mail; for a step of DATA that says 354 by itself."""
        self._in_data = True

    def drip(self) -> None:
        """Answer for ever, a byte at a time, without ever finishing."""
        if not self.transport.is_closing():
            self.say(b"2")
            asyncio.get_running_loop().call_later(0.02, self._drip_more)

    def _drip_more(self) -> None:
        if not self.transport.is_closing():
            self.say(b"5")
            asyncio.get_running_loop().call_later(0.02, self._drip_more)

    # -- what the transport calls -----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert _writes(transport)
        self.transport = transport
        if self.number:
            return  # the same connection, encrypted
        self.server.connections += 1
        self.number = self.server.connections
        self.server.open.add(self)
        self._act("BANNER", b"220 mail.example.com ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.discard(self)
        self.server.notify()

    def data_received(self, data: bytes) -> None:
        self.server.segments.append(data)
        self._buffer += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._encrypting and self._step() and not self.transport.is_closing():
            pass
        self.server.notify()

    def _step(self) -> bool:
        if self._in_data:
            return self._take()
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return False
        self._buffer = rest
        self._obey(line.decode())
        return True

    def _take(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            raw, rest = b"", self._buffer[3:]
        else:
            raw, found, rest = self._buffer.partition(b"\r\n.\r\n")
            if not found:
                return False
            raw += b"\r\n"
        self._buffer, self._in_data = rest, False
        self.server.commands.append(Seen(".", self.secure, self.number))
        if not self._recipients:
            self._act("DOT", b"554 5.5.1 no valid recipients\r\n")
            return True
        taken = raw.replace(b"\r\n..", b"\r\n.").removeprefix(b".")
        mail = Mail(self._sender, self._recipients[0], taken, self.secure, self.number)
        self.server.mails.append(mail)
        self._act("DOT", b"250 2.0.0 Ok: queued as Q%d\r\n" % len(self.server.mails))
        return True

    def _obey(self, line: str) -> None:
        seen = Seen(line, self.secure, self.number)
        self.server.commands.append(seen)
        if self._login:
            self._act("AUTH", self._login.pop(0))
            return
        match seen.verb:
            case "EHLO":
                self._act("EHLO", self._greeting())
            case "STARTTLS":
                if self._act("STARTTLS", b"220 2.0.0 go ahead\r\n").startswith(b"220"):
                    # What follows is no longer for us to read.
                    self.transport.pause_reading()
                    self.spawn(self._encrypt())
            case "AUTH":
                self._sign_in(line)
            case "QUIT":
                self._act("QUIT", b"221 2.0.0 bye\r\n")
                self.transport.close()
            case _:
                self._transact(seen.verb, line)

    def _sign_in(self, line: str) -> None:
        if not line.upper().startswith("AUTH LOGIN "):
            self._act("AUTH", b"235 2.7.0 welcome\r\n")
        elif self._act("AUTH", b"334 UGFzc3dvcmQ6\r\n").startswith(b"334"):
            self._login = [b"235 2.7.0 welcome\r\n"]

    def _transact(self, verb: str, line: str) -> None:
        address = line.partition("<")[2].partition(">")[0]
        if verb in ("MAIL", "RSET"):
            self._recipients = []
            self._sender = address
        said = self._act(verb, b"354 go ahead\r\n" if verb == "DATA" else b"250 2.1.0 Ok\r\n")
        if verb == "RCPT" and said.startswith(b"2"):
            self._recipients.append(address)
        self._in_data |= verb == "DATA" and said.startswith(b"354")

    def _act(self, name: str, usual: bytes) -> bytes:
        """Do the script's next step, or the usual; give the bytes that were said by it."""
        steps = self.server.script[name]
        step = steps.pop(0) if steps else usual
        if isinstance(step, bytes):
            self.say(step)
            return step
        step(self)
        return b""

    def _greeting(self) -> bytes:
        offers = list(self.server.offers)
        if self.server.kind == "starttls" and not self.secure:
            offers.append("STARTTLS")
        elif self.server.mechanisms:
            offers.append(f"AUTH {self.server.mechanisms}")
        lines = ["mail.example.com", *offers]
        marks = ["-"] * (len(lines) - 1) + [" "]
        return "".join(f"250{m}{one}\r\n" for m, one in zip(marks, lines, strict=True)).encode()

    async def _encrypt(self) -> None:
        assert self.server.context is not None
        loop = asyncio.get_running_loop()
        self.secure = True
        self._encrypting = True
        self._buffer = b""
        plain, context = self.transport, self.server.context
        try:
            secured = await loop.start_tls(plain, self, context, server_side=True)
        except (OSError, asyncio.CancelledError):
            self.connection_lost(None)
            return
        assert secured is not None
        self.transport = secured
        self._encrypting = False
        self._go_on()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` for as long as the conversation lasts."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Cut the connection and whatever still runs for it."""
        for task in self._tasks:
            task.cancel()
        self.transport.abort()


def _writes(transport: asyncio.BaseTransport) -> TypeGuard[asyncio.Transport]:
    # Those of uvloop inherit from nothing.
    return hasattr(transport, "write") and hasattr(transport, "pause_reading")


def later(event: asyncio.Event, data: bytes) -> Callable[[Conversation], None]:
    """Give a step that answers when `event` is set."""

    def step(conversation: Conversation) -> None:
        async def wait() -> None:
            await event.wait()
            conversation.say(data)

        conversation.spawn(wait())

    return step


@asynccontextmanager
async def serving(server: SmtpServer) -> AsyncIterator[SmtpServer]:
    """Run it on a free port; at the end every connection is cut."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: Conversation(server),
        "127.0.0.1",
        0,
        ssl=server.context if server.kind == "implicit" else None,
    )
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for conversation in list(server.open):
            conversation.stop()
        await listener.wait_closed()
        await server.until(lambda one: not one.open)
