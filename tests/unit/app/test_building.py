import asyncio
import json
import socket
import time
from pathlib import Path

import apsw
import httpx2
import pytest

from notifier.app import serving
from notifier.app.building import build
from notifier.app.service import Service
from notifier.demo.catcher import Catcher
from notifier.model.errors import NotifierError, StoreDamaged, StoreError, StoreLocked
from notifier.model.times import SECOND
from notifier.rendering import sms
from notifier.sources import headers
from tests.service import SECRET, TOKEN, assigned
from tests.unit.app.running import GRACE, in_folder, served

RELAY = {"SMTP_HOST": "127.0.0.1", "SMTP_TLS": "none", "SMTP_AUTH": "none"} | {
    "FROM_EMAIL": "desk@example.com",
    "SMTP_EHLO_HOSTNAME": "notifier.example.com",
}
TWILIO = {
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "+14155550100",
}
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}


async def post(url: str, event: object, secret: str = SECRET) -> httpx2.Response:
    body = json.dumps(event).encode()
    signed = headers.signed(secret, f"msg-{len(body)}", int(time.time()), body)
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.post(f"{url}/webhooks", content=body, headers=signed)


async def get(url: str, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.get(f"{url}{path}", headers=AUTHORIZED)


async def test_a_webhook_becomes_a_mail_and_a_text(tmp_path: Path) -> None:
    event = assigned(123, "john@example.com", title="Printer Not Working", priority="high")
    event["data"]["assignee"]["phone"] = "(415) 555-0123"
    async with Catcher(sms.count) as catcher:
        given = {"SMTP_PORT": str(catcher.smtp_port), "TWILIO_API_BASE": catcher.api_base}
        given |= {"DEFAULT_REGION": "us", "FROM_NAME": "Service Desk"}
        given |= {"TICKET_URL_TEMPLATE": "https://desk.example.com/t/{id}"}
        given |= {"PUBLIC_BASE_URL": "https://notify.example.com", "REPLY_TO": "it@example.com"}
        async with served(in_folder(tmp_path, **RELAY, **TWILIO, **given)) as (_, service):
            answer = await post(service.url, event)
            await catcher.wait_for(mails=1, sms=1, seconds=60)
    assert answer.status_code == httpx2.codes.ACCEPTED
    assert answer.json()["url"].startswith("https://notify.example.com/v1/events/evt_")
    (mail,), (text,) = catcher.mails, catcher.sms
    assert mail.to == "john@example.com"
    assert b"\nReply-To: it@example.com\r\n" in mail.raw
    assert mail.text is not None
    assert "• Link: https://desk.example.com/t/123" in mail.text
    assert mail.text.rstrip().endswith("Service Desk")
    assert (text.to, text.segments) == ("+14155550123", 1)
    assert text.body == "[HIGH] Ticket #123 assigned to you: Printer Not Working"


async def test_what_is_not_configured_is_suppressed_and_can_still_be_shown(tmp_path: Path) -> None:
    async with served(in_folder(tmp_path)) as (app, service):
        assert app.watch.started
        answer = await post(service.url, assigned(1, "john@example.com"))
        (told,) = answer.json()["deliveries"]
        assert (told["state"], told["reason"]) == ("suppressed", "channel_not_configured")
        shown = await get(service.url, f"/v1/deliveries/{told['id']}")
        assert shown.json()["message"] is None
        ready = await get(service.url, "/health/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "reasons": []})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"ENABLE_EMAIL": "false"}, "channel_disabled"),
        ({"NOTIFY_SELF": "false"}, "own_action"),
        ({"NOTIFY_SELF": "true"}, "channel_not_configured"),
    ],
)
async def test_the_settings_decide_who_is_told(
    given: dict[str, str], reason: str, tmp_path: Path
) -> None:
    event = assigned(1, "john@example.com")
    if "NOTIFY_SELF" in given:
        event["data"]["actor"] = event["data"]["assignee"]
    async with served(in_folder(tmp_path, **given)) as (_, service):
        (told,) = (await post(service.url, event)).json()["deliveries"]
    assert told["reason"] == reason


async def test_without_a_secret_or_with_another_one_a_webhook_is_refused(tmp_path: Path) -> None:
    event = assigned(1, "john@example.com")
    other = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="
    async with served(in_folder(tmp_path, WEBHOOK_SECRET="")) as (_, service):
        assert (await post(service.url, event)).status_code == httpx2.codes.UNAUTHORIZED
    async with served(in_folder(tmp_path, WEBHOOK_SECRET=f"{other} {SECRET}")) as (_, service):
        assert (await post(service.url, event)).status_code == httpx2.codes.ACCEPTED
        assert (await post(service.url, event, "whsec_" + "YWJj" * 10)).status_code == 401


async def test_a_body_may_be_as_large_as_the_setting_says(tmp_path: Path) -> None:
    async with served(in_folder(tmp_path, MAX_BODY="100B")) as (_, service):
        answer = await post(service.url, assigned(1, "john@example.com"))
    assert answer.status_code == 413


async def test_limits_may_be_left_out(tmp_path: Path) -> None:
    none = {"RATE_LIMIT_EMAIL": "", "RATE_LIMIT_SMS": "", "RATE_LIMIT_CRITICAL": ""}
    async with Catcher(sms.count) as catcher:
        given = RELAY | none | {"SMTP_PORT": str(catcher.smtp_port)}
        async with served(in_folder(tmp_path, **given)) as (_, service):
            for number in range(8):
                await post(service.url, assigned(10**number, "john@example.com"))
            await catcher.wait_for(mails=8, sms=0, seconds=60)


async def test_a_store_in_use_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    given = in_folder(tmp_path)
    impatient, patient = (
        Service(build(given), serving.bind("127.0.0.1", 0), GRACE) for _ in range(2)
    )
    async with served(given):
        with pytest.raises(StoreLocked, match=r"notifier\.db is in use by process"):
            await impatient.start()
        waiting = asyncio.ensure_future(patient.start(60 * SECOND))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    await patient.stop()


async def test_a_start_that_is_given_up_closes_what_it_opened(tmp_path: Path) -> None:
    given = in_folder(tmp_path)
    for turns in (1, 2, 4):
        service = Service(build(given), serving.bind("127.0.0.1", 0), GRACE)
        starting = asyncio.ensure_future(service.start())
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        (given_up,) = await asyncio.gather(starting, return_exceptions=True)
        if given_up is None:
            await service.stop()
        # The store can be opened only when nobody else holds it.
        async with served(given) as (app, _):
            assert app.watch.started


async def test_a_store_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notifier.db").write_text("not a database " * 100)
    with (
        serving.bind("127.0.0.1", 0) as bound,
        pytest.raises(StoreDamaged, match=r"notifier\.db is damaged"),
    ):
        await Service(build(in_folder(tmp_path)), bound, GRACE).start()


async def test_a_store_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        serving.bind("127.0.0.1", 0) as bound,
        pytest.raises(StoreError, match=r"cannot be opened.*DATABASE_URL") as caught,
    ):
        await Service(build(in_folder(tmp_path / "no")), bound, GRACE).start()
    assert isinstance(caught.value.__cause__, apsw.CantOpenError)


def test_a_socket_that_cannot_listen_ends_the_start_and_closes_the_store(tmp_path: Path) -> None:
    given = in_folder(tmp_path)

    async def start(listening: socket.socket) -> None:
        with pytest.raises(NotifierError, match="cannot listen on http://127"):
            await Service(build(given), listening, GRACE).start()
        async with served(given) as (app, _):
            assert app.watch.started

    for runner in (serving.runner(), asyncio.Runner()):
        with (
            runner,
            socket.create_server(("127.0.0.1", 0)) as other,
            socket.create_connection(other.getsockname()) as connected,
        ):
            runner.run(start(connected))


async def test_what_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    async with served(in_folder(tmp_path)) as (app, service):
        ending = asyncio.ensure_future(service.ended())
        await asyncio.sleep(0)
        assert not ending.done()
        await app.dispatcher.drain(GRACE)
        await ending


async def test_it_names_the_address_on_which_it_listens(tmp_path: Path) -> None:
    with serving.bind("::1", 0) as bound:
        port = bound.getsockname()[1]
        assert Service(build(in_folder(tmp_path)), bound, GRACE).url == f"http://[::1]:{port}"
