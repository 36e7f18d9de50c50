"""The demonstration: the whole service on loopback, a help desk before it, catchers behind it.

Takes nothing, reads no setting of the machine, gives what went in and what came out. Refuses
to wait longer than fifteen seconds for that.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from notifier.app.building import build
from notifier.app.service import Service
from notifier.demo.catcher import Catcher
from notifier.demo.desk import ALONE, Desk, Posted
from notifier.demo.loopback import listening
from notifier.model.errors import NotifierError
from notifier.rendering import sms
from notifier.settings.settings import Settings, load
from notifier.sources.secrets import new_secret

_PORT = 8080
_PATIENCE = 15.0
_GRACE = 2000
# Short, so that the burst has its roll-up while somebody is still looking.
_LIMIT = f"{ALONE}/4s"
# John gets one of each kind; Maria gets the first of the burst alone, and the rest as one.
_MESSAGES = 2 + ALONE + 1


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs while the story is told."""

    url: str
    token: str
    catcher: Catcher
    desk: Desk

    @property
    def posted(self) -> Sequence[Posted]:
        """Give the calls so far, oldest first."""
        return tuple(self.desk.posted)


@contextlib.asynccontextmanager
async def told() -> AsyncIterator[Stage]:
    """Tell the story; the service keeps running until the block is left."""
    secret, token = new_secret(secrets.token_bytes(32)), secrets.token_urlsafe(32)
    async with Catcher(sms.count) as catcher:
        with tempfile.TemporaryDirectory(prefix="notifier-demo-") as folder:
            settings = _settings(catcher, secret, token, Path(folder) / "demo.db")
            service = Service(build(settings), listening(_PORT), _GRACE)
            await service.start()
            try:
                wrong = new_secret(secrets.token_bytes(32))
                async with Desk(service.url, secret, wrong) as desk:
                    await desk.tell()
                    await _arrived(catcher)
                    yield Stage(service.url, token, catcher, desk)
            finally:
                await service.stop()


async def _arrived(catcher: Catcher) -> None:
    try:
        await catcher.wait_for(mails=_MESSAGES, sms=_MESSAGES, seconds=_PATIENCE)
    except TimeoutError:
        raise NotifierError(
            f"after {_PATIENCE:.0f} s only {len(catcher.mails)} mails and {len(catcher.sms)} "
            f"text messages had arrived, of {_MESSAGES} each"
        ) from None


def _settings(catcher: Catcher, secret: str, token: str, store: Path) -> Settings:
    given = {
        "ENABLE_SMS": "true",
        "SMTP_HOST": catcher.host,
        "SMTP_PORT": str(catcher.smtp_port),
        "SMTP_TLS": "none",
        "SMTP_AUTH": "none",
        "SMTP_EHLO_HOSTNAME": "notifier.example.com",
        "FROM_EMAIL": "helpdesk@example.com",
        "TWILIO_ACCOUNT_SID": "AC" + secrets.token_hex(16),
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_PHONE_NUMBER": "+14155550100",
        "TWILIO_API_BASE": catcher.api_base,
        "WEBHOOK_SECRET": secret,
        "API_TOKENS": token,
        "DATABASE_URL": f"sqlite:///{store}",
        "RATE_LIMIT_EMAIL": _LIMIT,
        "RATE_LIMIT_SMS": _LIMIT,
    }
    settings, _ = load(given, Path(os.devnull))
    return settings
