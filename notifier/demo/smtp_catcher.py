"""A mail server that delivers nothing: it keeps what it is given.

Takes SMTP (RFC 5321) with PIPELINING and SIZE, gives each mail with its recipient to `keep`.
Refuses mails that are too large, sign-in and encryption; it is for loopback only.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

KeepMail = Callable[[str, bytes], Awaitable[bool]]
"""Keeps a mail for a recipient; gives False when there is no more room."""

LARGEST_MAIL = 1024 * 1024
LONGEST_LINE = 64 * 1024
_MOST_RECIPIENTS = 100

_PATH = re.compile(r"(?:FROM|TO): ?<([^<>\s]*)>(?: .*)?", re.IGNORECASE)
_SIZE = re.compile(r" SIZE=(\d{1,20})(?: |$)", re.IGNORECASE)


class SmtpCatcher:
    """One conversation per connection: replies in order, a transaction at a time."""

    def __init__(self, keep: KeepMail) -> None:
        """`keep` is called once for each recipient of each mail."""
        self._keep = keep

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold the conversation until QUIT or until the other side hangs up."""
        session = _Session()
        writer.write(b"220 catcher.example.com ESMTP\r\n")
        while not session.over:
            await writer.drain()
            line = await reader.readuntil(b"\r\n")
            reply = session.obey(line.decode("ascii", "replace").rstrip("\r\n"))
            writer.write(reply.encode() + b"\r\n")
            if session.data:
                await writer.drain()
                mail = await _mail(reader)
                writer.write(await self._take(session, mail) + b"\r\n")
                session.reset()
        await writer.drain()

    async def _take(self, session: "_Session", mail: bytes | None) -> bytes:
        if mail is None:
            return b"552 5.3.4 Larger than SIZE says"
        for recipient in session.recipients:
            if not await self._keep(recipient, mail):
                return b"452 4.3.1 No more room"
        return b"250 2.0.0 Kept"


@dataclass(slots=True)
class _Session:
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)
    data: bool = False
    over: bool = False

    def reset(self) -> None:
        self.sender = None
        self.recipients = []
        self.data = False

    def obey(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self.reset()
                return f"250-catcher.example.com\r\n250-PIPELINING\r\n250 SIZE {LARGEST_MAIL}"
            case "HELO" | "RSET" | "QUIT" as word:
                self.reset()
                self.over = word == "QUIT"
                return "221 2.0.0 Bye" if self.over else "250 2.0.0 OK"
            case "NOOP":
                return "250 2.0.0 OK"
            case "MAIL" | "RCPT" | "DATA" as word:
                return self._transact(word, rest)
            case _:
                return "502 5.5.1 Not a command that is known here"

    def _transact(self, word: str, rest: str) -> str:
        if word == "MAIL":
            return self._mail(rest)
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        if word == "RCPT":
            return self._rcpt(rest)
        if not self.recipients:
            return "503 5.5.1 RCPT first"
        self.data = True
        return "354 Go on, end with a dot"

    def _mail(self, rest: str) -> str:
        path, size = _PATH.fullmatch(rest), _SIZE.search(rest)
        if path is None or not rest.upper().startswith("FROM"):
            return "501 5.5.4 MAIL FROM:<address>"
        if size and int(size[1]) > LARGEST_MAIL:
            return "552 5.3.4 Larger than SIZE says"
        self.reset()
        self.sender = path[1]
        return "250 2.1.0 OK"

    def _rcpt(self, rest: str) -> str:
        path = _PATH.fullmatch(rest)
        if path is None or not path[1] or not rest.upper().startswith("TO"):
            return "501 5.5.4 RCPT TO:<address>"
        if len(self.recipients) == _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        self.recipients.append(path[1])
        return "250 2.1.5 OK"


async def _mail(reader: asyncio.StreamReader) -> bytes | None:
    """Read up to the lone dot and take doubled dots away; None when it was too large."""
    mail = bytearray()
    size = 0
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        line = line.removeprefix(b".")
        size += len(line)
        if size <= LARGEST_MAIL:
            mail += line
    return bytes(mail) if size <= LARGEST_MAIL else None
