"""What nobody is to be told: planted texts and secrets, looked for wherever something comes out."""

import base64
import json
from pathlib import Path

import pytest

from notifier.model.actions import ACTIONS
from tests.integration.canaries import (
    ADDRESSES,
    CANARY,
    CANARY_PHONE,
    PASSWORD,
    PLANTED,
    decoded,
    found_in,
    planted_event,
    setting,
)
from tests.integration.smtp_server import SmtpServer, serving
from tests.service import free_port, running


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
