"""The demonstration in this process with its page, and strangers who write to its catcher."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib
import httpx2

from notifier.demo import story
from notifier.demo.catcher import CaughtMail, CaughtSms
from notifier.demo.page import serving

SECONDS = 30


@dataclass(frozen=True)
class Demo:
    """What runs: the stage, the page's address, and a client for it."""

    stage: story.Stage
    url: str
    client: httpx2.AsyncClient

    def newest_sms(self) -> CaughtSms:
        """Give the text message that came last."""
        return self.stage.catcher.sms[-1]

    def roll_up(self) -> CaughtMail:
        """Give the mail in which the burst of the story ended."""
        (found,) = (one for one in self.stage.catcher.mails if one.subject.startswith("7 tickets"))
        return found

    async def receives(self, mail: EmailMessage) -> CaughtMail:
        """Let a stranger send a mail to the catcher; give it as it was caught."""
        catcher = self.stage.catcher
        before = len(catcher.mails)
        await aiosmtplib.send(mail, hostname=catcher.host, port=catcher.smtp_port)
        await catcher.wait_for(mails=before + 1, sms=0, seconds=SECONDS)
        return next(one for one in catcher.mails if one.subject == mail["Subject"])


@contextlib.asynccontextmanager
async def demonstration() -> AsyncIterator[Demo]:
    """Tell the story and show the page."""
    async with (
        story.told() as stage,
        serving.shown(stage) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=SECONDS) as client,
    ):
        yield Demo(stage, url, client)


def stranger(subject: str, html: str | None) -> EmailMessage:
    """Give a mail that the service did not write."""
    mail = EmailMessage()
    mail["From"] = "somebody@example.com"
    mail["To"] = "john@example.com"
    mail["Subject"] = subject
    mail.set_content("Only words.\n")
    if html is not None:
        mail.add_alternative(html, subtype="html")
    return mail
