"""Both catchers behind one door: what the service sends in the demonstration ends here.

Takes mails and text messages on loopback, gives them back as frozen values in their order.
Refuses more than a fixed number of each.
"""

import asyncio
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.policy import SMTP
from functools import cached_property
from types import TracebackType
from typing import Self

from notifier.clock import SystemClock
from notifier.demo.loopback import HOST, LoopbackServer
from notifier.demo.smtp_catcher import LONGEST_LINE, SmtpCatcher
from notifier.demo.twilio_catcher import LONGEST_HEAD, TwilioCatcher
from notifier.model.times import Instant

_FOLD = re.compile(r"\r?\n(?=[ \t])")
_LEFT_PART = re.compile(r"<([^<>@\s]+)@")


@dataclass(frozen=True, kw_only=True)
class _Numbered:
    """What every caught message has: its place among all of them, from 1, and when it came."""

    number: int = field(default=0, compare=False)
    at: Instant = field(default=0, compare=False)


# Without slots: what a list of mails shows is read once and kept.
@dataclass(frozen=True)
class CaughtMail(_Numbered):
    """A mail as it came over the wire; its parts are read from the bytes when asked for."""

    to: str
    raw: bytes

    @cached_property
    def subject(self) -> str:
        """Give the subject, decoded."""
        return str(self._parsed().get("Subject", ""))

    @cached_property
    def batch_id(self) -> str | None:
        """Give the batch that its Message-ID names, or None when it has none."""
        found = _LEFT_PART.search(str(self._head().get("Message-ID", "")))
        return found and found[1]

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Give names and values as they came, each on one line."""
        return tuple((name, _FOLD.sub("", str(value))) for name, value in self._head().items())

    @property
    def text(self) -> str | None:
        """Give the plain text part, or None."""
        return self._part("plain")

    @property
    def html(self) -> str | None:
        """Give the HTML part, or None."""
        return self._part("html")

    def _head(self) -> Message:
        return BytesHeaderParser().parsebytes(self.raw)

    def _parsed(self) -> EmailMessage:
        return message_from_bytes(self.raw, EmailMessage, policy=SMTP)

    def _part(self, kind: str) -> str | None:
        part = self._parsed().get_body((kind,))
        if part is None:
            return None
        try:
            content = str(part.get_content())
        except LookupError:
            # A charset that nobody knows.
            content = bytes(part.get_payload(decode=True)).decode("utf-8", "replace")
        return content.replace("\r\n", "\n")


@dataclass(frozen=True)
class CaughtSms(_Numbered):
    """A text message as it was asked for; `sid` is the id that the answer gave it."""

    to: str
    body: str
    segments: int
    sid: str = field(default="", compare=False)


Caught = CaughtMail | CaughtSms


class Catcher:
    """A mail server and an SMS API on free ports; `async with` opens and closes them."""

    def __init__(self, segments: Callable[[str], int], most: int = 1000) -> None:
        """`segments` counts those of a text; of mails and texts, `most` are kept each."""
        self._segments = segments
        self._most = most
        self._mails: list[CaughtMail] = []
        self._sms: list[CaughtSms] = []
        self._numbers = itertools.count(1)
        self._clock = SystemClock()
        self._changed = asyncio.Condition()
        self._mail_server = LoopbackServer(SmtpCatcher(self._keep_mail).talk, LONGEST_LINE)
        self._sms_server = LoopbackServer(TwilioCatcher(self._keep_sms).talk, LONGEST_HEAD)
        self.host = HOST
        self.smtp_port = 0
        self.api_base = ""

    async def __aenter__(self) -> Self:
        """Listen; from here on `smtp_port` and `api_base` hold."""
        self.smtp_port = await self._mail_server.open()
        self.api_base = f"http://{HOST}:{await self._sms_server.open()}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up on everybody."""
        await self._mail_server.close()
        await self._sms_server.close()

    @property
    def mails(self) -> tuple[CaughtMail, ...]:
        """Give the mails so far, oldest first."""
        return tuple(self._mails)

    @property
    def sms(self) -> tuple[CaughtSms, ...]:
        """Give the text messages so far, oldest first."""
        return tuple(self._sms)

    async def wait_for(self, mails: int, sms: int, seconds: float) -> None:
        """Return once at least so many have come; raises TimeoutError after `seconds`."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(
                lambda: len(self._mails) >= mails and len(self._sms) >= sms
            )

    async def _keep_mail(self, to: str, raw: bytes) -> bool:
        async with self._changed:
            if len(self._mails) >= self._most:
                return False
            self._mails.append(
                CaughtMail(to, raw, number=next(self._numbers), at=self._clock.now())
            )
            self._changed.notify_all()
            return True

    async def _keep_sms(self, to: str, body: str, sid: str) -> int | None:
        async with self._changed:
            if len(self._sms) >= self._most:
                return None
            segments, number = self._segments(body), next(self._numbers)
            caught = CaughtSms(to, body, segments, sid, number=number, at=self._clock.now())
            self._sms.append(caught)
            self._changed.notify_all()
            return caught.segments
