"""A mail server and an SMS API that take their time, and remember what they took, not its text."""

import asyncio
import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from notifier.demo.loopback import HOST, LoopbackServer
from notifier.demo.twilio_catcher import LONGEST_HEAD, TwilioCatcher
from tests.smtp_sink import SmtpSink, Taken

_SLOWEST = 0.03
"""Seconds that a mail server takes at most for its last reply."""


@dataclass(slots=True)
class Arrived:
    """One mail, however often it arrived."""

    times: int = 0
    digests: set[str] = field(default_factory=set)


class SlowSink(SmtpSink):
    """`mails` is what arrived, by the batch that its Message-ID names."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.mails: dict[str, Arrived] = defaultdict(Arrived)
        self.slowest = _SLOWEST

    def keep(self, mail: Taken) -> None:
        """A hundred thousand mails are counted, not kept."""
        arrived = self.mails[mail.message_id.strip("<>").partition("@")[0]]
        arrived.times += 1
        arrived.digests.add(mail.digest)

    async def pause(self) -> None:
        await asyncio.sleep(self._chance.random() * self.slowest)


@dataclass(slots=True)
class Providers:
    """Both, and the settings with which the service finds them."""

    sink: SlowSink
    texts: Counter[tuple[str, str]]
    api_base: str

    @property
    def settings(self) -> dict[str, str]:
        return {
            "ENABLE_SMS": "true",
            "TWILIO_ACCOUNT_SID": "AC" + 32 * "7",
            "TWILIO_AUTH_TOKEN": "token-of-the-torture",
            "TWILIO_PHONE_NUMBER": "+14155550100",
            "TWILIO_API_BASE": self.api_base,
            "SMTP_MAX_CONNECTIONS": "8",
            "RATE_LIMIT_SMS": "",
            "RATE_LIMIT_EMAIL": "20/1s",
        }


@asynccontextmanager
async def providers(seed: int) -> AsyncIterator[Providers]:
    """Open both on free ports of loopback."""
    chance, texts = random.Random(f"providers {seed}"), Counter[tuple[str, str]]()

    async def keep(to: str, body: str, sid: str) -> int:
        texts[to, hashlib.sha256(body.encode()).hexdigest()] += 1
        await asyncio.sleep(chance.random() * _SLOWEST)
        return 1

    api = LoopbackServer(TwilioCatcher(keep).talk, LONGEST_HEAD)
    async with SlowSink(chance) as sink:
        port = await api.open()
        try:
            yield Providers(sink, texts, f"http://{HOST}:{port}")
        finally:
            await api.close()
