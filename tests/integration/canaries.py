"""Planted texts and secrets that nobody is to be told, and how to look for them.

Takes bytes that came out of the service, gives what was planted and is found in them, encoded too.
"""

import base64
import quopri
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from notifier.demo.catcher import Catcher
from notifier.rendering import sms
from tests.service import SECRET, TOKEN, Service, assigned
from tests.smtp_sink import SmtpSink

CANARY = "Canary-7Q2x"
CANARY_PHONE = "+14155550177"
USER, PASSWORD = "desk@example.com", "Planted-Smtp-Password-5v"
ACCOUNT, TWILIO_TOKEN = "AC" + 32 * "7", "Planted-Twilio-Token-8k"

_MOST = 100_000
"""So many messages are caught."""

SECRETS = (SECRET, SECRET.removeprefix("whsec_"), TOKEN, PASSWORD, TWILIO_TOKEN)
ADDRESSES = ("john@example.com", "+14155550123")
PLANTED = (CANARY, CANARY_PHONE, *SECRETS)

SIGNED_IN = {
    "SMTP_AUTH": "plain",
    "SMTP_USER": USER,
    "SMTP_PASSWORD": PASSWORD,
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    "TWILIO_PHONE_NUMBER": "+14155550100",
    "LOG_LEVEL": "debug",
}

STRANGE: dict[str, object] = {
    "description": f"{CANARY} Line one.\n{CANARY} Line two.",
    "comment": {"body": f"<p>{CANARY}</p>", "author": {"name": CANARY, "phone": CANARY_PHONE}},
    "attachments": [
        {"name": f"{CANARY}.txt", "content": base64.b64encode(CANARY.encode()).decode()}
    ],
    "custom_fields": {CANARY: CANARY},
    f"key_{CANARY}": True,
}


def planted_event(number: int) -> dict[str, Any]:
    """Give an event with fields, on every level, that no contract names."""
    event = assigned(number, "john@example.com", **STRANGE)
    data = event["data"]
    data["assignee"] |= {"phone": "+14155550123", "mobile": CANARY_PHONE, "note": CANARY}
    data["actor"] |= {"mobile": CANARY_PHONE, "signature": CANARY}
    data["requester"] = {"id": "9", "name": "Jane Doe", "mobile": CANARY_PHONE, "vip": CANARY}
    return {**event, **STRANGE, "data": {**data, **STRANGE}}


def forms(text: str) -> set[bytes]:
    """Give what a text looks like, also as hex, in an address, or within something in base64."""
    raw = text.encode()
    within = {
        # Six bits make a character; those at the ends are made of its neighbours too.
        base64.b64encode(bytes(shift) + raw)[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        for shift in range(3)
    }
    return {raw, raw.hex().encode(), quote(text, safe="").encode()} | within


def found_in(where: bytes, planted: tuple[str, ...] = PLANTED) -> list[str]:
    """Give what is found in bytes, as it was planted or encoded."""
    seen = (where, quopri.decodestring(where))
    return [text for text in planted if any(form in one for form in forms(text) for one in seen)]


def decoded(mail: bytes) -> bytes:
    """Give every part of a mail without its transfer encoding, headers too."""
    parts = []
    for part in message_from_bytes(mail).walk():
        content = part.get_payload(decode=True)
        parts.append(content if isinstance(content, bytes) else b"")
    return b"\n".join(parts)


@dataclass
class Setting:
    """A service with both ways out."""

    service: Service
    sink: SmtpSink
    catcher: Catcher

    async def read(self, path: str, token: str = TOKEN) -> httpx2.Response:
        headers = {"authorization": f"Bearer {token}"}
        return await self.service.client.get(f"{self.service.url}{path}", headers=headers)

    async def answers(self, event: str, deliveries: list[str]) -> bytes:
        """Give everything that can be read of an event, headers too."""
        paths = [
            "/v1/events",
            f"/v1/events/{event}",
            "/v1/deliveries",
            *(f"/v1/deliveries/{one}" for one in deliveries),
            "/health/live",
            "/health/ready",
            "/metrics",
            "/docs",
            "/openapi.yaml",
        ]
        read = [await self.read(path) for path in paths]
        assert {one.status_code for one in read} == {200}
        return b"\n".join(repr(one.headers).encode() + one.content for one in read)


@asynccontextmanager
async def setting(
    folder: Path,
    password: str,
    start: Callable[[Service], Awaitable[None]] = Service.start,
    **settings: str,
) -> AsyncIterator[Setting]:
    async with SmtpSink((USER, password)) as sink, Catcher(sms.count, _MOST) as catcher:
        given = {**SIGNED_IN, "TWILIO_API_BASE": catcher.api_base, **settings}
        service = Service(folder, sink.port, **given)
        try:
            await start(service)
            yield Setting(service, sink, catcher)
        finally:
            await service.close()
