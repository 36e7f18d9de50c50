"""What nobody is to be told: planted texts and secrets, looked for wherever something comes out."""

import base64
import json
import quopri
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from notifier.demo.catcher import Catcher
from notifier.model.actions import ACTIONS
from notifier.rendering import sms
from tests.integration.smtp_server import SmtpServer, serving
from tests.service import SECRET, TOKEN, Service, assigned, free_port, running
from tests.smtp_sink import SmtpSink

CANARY = "Canary-7Q2x"
CANARY_PHONE = "+14155550177"
USER, PASSWORD = "desk@example.com", "Planted-Smtp-Password-5v"
ACCOUNT, TWILIO_TOKEN = "AC" + 32 * "7", "Planted-Twilio-Token-8k"

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
async def setting(folder: Path, password: str, **settings: str) -> AsyncIterator[Setting]:
    async with SmtpSink((USER, password)) as sink, Catcher(sms.count) as catcher:
        given = {**SIGNED_IN, "TWILIO_API_BASE": catcher.api_base, **settings}
        service = Service(folder, sink.port, **given)
        try:
            await service.start()
            yield Setting(service, sink, catcher)
        finally:
            await service.close()


@pytest.mark.fault("G24")
@pytest.mark.parametrize("style", ["console", "json"])
async def test_what_is_planted_in_unknown_fields_and_settings_comes_out_nowhere(
    style: str, tmp_path: Path
) -> None:
    async with setting(tmp_path, PASSWORD, LOG_FORMAT=style) as here:
        service = here.service
        taken = await service.post(planted_event(123), "call-1")
        repeated = await service.post(planted_event(123), "call-1")
        conflict = await service.post(planted_event(124), "call-1")
        misshapen = await service.post({**planted_event(125), "type": 1}, "call-2")
        unsigned = await service.client.post(
            f"{service.url}/webhooks",
            json=planted_event(126),
            headers={"webhook-id": CANARY, "x-request-id": f"{CANARY} {CANARY_PHONE}"},
        )
        stranger = await here.read("/v1/events", token=f"{CANARY}-no-such-token")
        posted = [taken, repeated, conflict, misshapen, unsigned, stranger]
        assert [one.status_code for one in posted] == [202, 200, 409, 422, 401, 401]
        ids = [one["id"] for one in taken.json()["deliveries"]]
        ended = await service.until_ended(ids)
        assert {(one["channel"], one["state"]) for one in ended} == {
            ("email", "sent"),
            ("sms", "sent"),
        }
        answers = await here.answers(taken.json()["event_id"], ids)
        assert await service.stop() == 0
    (mail,), (text,) = here.sink.taken, here.catcher.sms
    assert here.sink.signed_in
    log = "".join(service.lines).encode()
    assert b"webhook.refused" in log
    assert b"Printer Not Working 123" in decoded(mail.raw)
    assert found_in(mail.raw) == found_in(decoded(mail.raw)) == []
    assert found_in(f"{mail.to}{text}".encode()) == []
    assert found_in(answers) == []
    assert found_in(b"\n".join(repr(one.headers).encode() + one.content for one in posted)) == []
    assert found_in(log, (*PLANTED, *ADDRESSES)) == []


@pytest.mark.parametrize("style", ["console", "json"])
async def test_what_a_mail_server_says_of_an_address_is_logged_without_it(
    style: str, tmp_path: Path
) -> None:
    said = f"550 5.1.1 <{ADDRESSES[0]}>: no such user; ask jane@example.com, {ADDRESSES[1]}"
    async with serving(SmtpServer()) as server:
        server.script["RCPT"] = [f"{said}\r\n".encode()]
        async with running(tmp_path, server.port, LOG_FORMAT=style) as service:
            taken = await service.post(planted_event(123), "call-1")
            await service.until_ended([one["id"] for one in taken.json()["deliveries"]])
            line = await service.until_logged("[Email Error]")
            assert await service.stop() == 0
    shown = line if style == "console" else json.loads(line)["message"]
    assert "to j•••@example.com: 550 5.1.1 <j•••@example.com>: no such user; ask j•••@" in shown
    assert "+1415•••0123" in shown
    found = found_in("".join(service.lines).encode(), (*PLANTED, *ADDRESSES, "jane@example.com"))
    assert found == []


async def test_every_line_has_an_action_and_names_the_call_it_belongs_to(tmp_path: Path) -> None:
    async with setting(tmp_path, PASSWORD, LOG_FORMAT="json") as here:
        answers = [await here.service.post(planted_event(123), "call-1") for _ in range(2)]
        await here.service.client.post(f"{here.service.url}/webhooks", content=b"{}")
        ids = [one["id"] for one in answers[0].json()["deliveries"]]
        await here.service.until_ended(ids)
        assert await here.service.stop() == 0
    lines = [json.loads(line) for line in here.service.lines if line]
    assert {line["action"] for line in lines} <= set(ACTIONS)
    requests = [line["request"] for line in lines if line["action"].startswith("webhook.")]
    assert requests[:2] == [one.headers["x-request-id"] for one in answers]
    assert len(set(requests)) == 3
    sent = [line for line in lines if line["action"] == "delivery.sent"]
    assert sorted(one for line in sent for one in line["deliveries"]) == sorted(ids)
    assert {one for line in sent for one in line["events"]} == {answers[0].json()["event_id"]}
    assert not [line for line in sent if "request" in line]


async def test_a_phone_number_that_only_the_event_names_stays_in_the_event(tmp_path: Path) -> None:
    event = planted_event(123)
    event["data"]["requester"]["phone"] = CANARY_PHONE
    async with setting(tmp_path, PASSWORD) as here:
        taken = await here.service.post(event, "call-1")
        ids = [one["id"] for one in taken.json()["deliveries"]]
        await here.service.until_ended(ids)
        shown = await here.read(f"/v1/events/{taken.json()['event_id']}")
        others = [await here.read(f"/v1/deliveries/{one}") for one in ids]
        assert await here.service.stop() == 0
    assert shown.json()["requester"]["phone"] == CANARY_PHONE
    (mail,), (text,) = here.sink.taken, here.catcher.sms
    told = [mail.raw, decoded(mail.raw), text.body.encode(), *(one.content for one in others)]
    assert [found_in(one) for one in (*told, "".join(here.service.lines).encode())] == [[]] * 6


@pytest.mark.parametrize("style", ["console", "json"])
async def test_a_sign_in_that_fails_shows_no_secret(style: str, tmp_path: Path) -> None:
    unreachable = f"http://127.0.0.1:{free_port()}"
    async with setting(
        tmp_path, "another password", LOG_FORMAT=style, TWILIO_API_BASE=unreachable
    ) as here:
        taken = await here.service.post(planted_event(123), "call-1")
        for channel in ("Email", "SMS"):
            await here.service.until_logged(f"[{channel} Error]")
        ready = await here.read("/health/ready")
        deliveries = await here.service.deliveries()
        event = await here.read(f"/v1/events/{taken.json()['event_id']}")
        assert await here.service.stop() == 0
    assert here.sink.refused
    assert here.sink.taken == []
    shown = [ready.content, event.content, json.dumps(deliveries).encode()]
    assert [found_in(one) for one in shown] == [[]] * 3
    assert found_in("".join(here.service.lines).encode(), (*PLANTED, *ADDRESSES)) == []


@pytest.mark.parametrize(
    "hidden",
    [
        base64.b64encode(b"x" + PASSWORD.encode() + b"y"),
        b"a soft=\r\n " + PASSWORD[:8].encode() + b"=\r\n" + PASSWORD[8:].encode(),
        PASSWORD.encode().hex().encode(),
    ],
    ids=["base64", "quoted-printable", "hex"],
)
def test_the_search_finds_what_is_encoded(hidden: bytes) -> None:
    assert found_in(b"before " + hidden + b" after") == [PASSWORD]
