"""What operators ask of the real service, over HTTP, as far as the mail that arrives."""

import signal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2

from tests.service import TOKEN, Service, assigned, running
from tests.smtp_sink import SmtpSink, Taken

NEW_TOKEN = "token-that-replaces-the-old-0123"


async def ask(
    service: Service, path: str, body: object = None, token: str = TOKEN
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token}"}
    return await service.client.post(f"{service.url}{path}", json=body, headers=headers)


def read(mail: Taken) -> tuple[str, str, str]:
    """Give subject, text and HTML of a mail."""
    message = message_from_bytes(mail.raw, policy=policy.default)
    parts = [
        part.get_content().replace("\r\n", "\n").strip()
        for part in message.walk()
        if isinstance(part, EmailMessage) and not part.is_multipart()
    ]
    return str(message["subject"]), parts[0], parts[1]


def own_action(number: int) -> dict[str, Any]:
    event = assigned(number, "john@example.com")
    event["data"]["actor"] = event["data"]["assignee"]
    return event


async def test_a_test_message_arrives_and_its_link_shows_how(tmp_path: Path) -> None:
    base = "https://notifier.example.com"
    async with SmtpSink() as sink, running(tmp_path, sink.port, PUBLIC_BASE_URL=base) as service:
        answer = (
            await ask(service, "/v1/test", {"channel": "email", "to": "ann@example.com"})
        ).json()
        await service.until_ended([answer["id"]])
        shown = await service.get(answer["url"].removeprefix(base))
        (mail,) = sink.taken
    subject, text, _ = read(mail)
    assert (mail.to, subject) == ("ann@example.com", "Test message from IT Help Desk System")
    assert "This is a test message." in text
    assert (shown["state"], len(shown["attempts"])) == ("sent", 1)
    assert shown["message"]["subject"] == subject


async def test_a_test_on_a_channel_that_is_off_says_so_at_once(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        answer = await ask(service, "/v1/test", {"channel": "sms", "to": "+14155550123"})
        shown = await service.get(answer.json()["url"])
    assert (answer.status_code, answer.json()["state"]) == (202, "suppressed")
    assert shown["reason"] == "channel_disabled"


async def test_a_preview_is_the_mail_that_would_be_sent_and_sends_none(tmp_path: Path) -> None:
    event = assigned(7, "john@example.com", priority="critical", category="Hardware")
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        draft = await ask(service, "/v1/preview", {"event": event, "channel": "email"})
        assert (await service.deliveries(), sink.taken) == ([], [])
        sent = (await service.post(event, "one")).json()
        await service.until_ended([one["id"] for one in sent["deliveries"]])
        (mail,) = sink.taken
    said = draft.json()
    assert read(mail) == (said["subject"], said["text"].strip(), said["html"].strip())


async def test_what_was_retried_outlives_a_kill(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await service.start()
            (born,) = (await service.post(own_action(1), "one")).json()["deliveries"]
            assert born["state"] == "suppressed"
            sink.hold()
            answer = await ask(service, f"/v1/deliveries/{born['id']}/retry")
            await sink.wait_for(lambda sink: sink.sends == 1)
            await service.stop(signal.SIGKILL)
            sink.release()
            await service.start()
            (ended,) = await service.until_ended([born["id"]])
            shown = await service.get(f"/v1/deliveries/{born['id']}")
        finally:
            await service.close()
    assert (answer.status_code, answer.json()["id"]) == (202, born["id"])
    assert ended["state"] == "sent"
    assert [one["outcome"] for one in shown["attempts"]] == ["interrupted", "sent"]
    assert len({mail.digest for mail in sink.taken}) == 1


async def test_what_is_cancelled_before_its_last_byte_does_not_arrive(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        sink.shut_gate()
        (born,) = (await service.post(assigned(1, "john@example.com"), "one")).json()["deliveries"]
        await sink.wait_for(lambda sink: sink.asked == 1)
        answer = await ask(service, f"/v1/deliveries/{born['id']}/cancel")
        sink.open_gate()
        (ended,) = await service.until_ended([born["id"]])
    assert (answer.status_code, answer.json()["state"]) == (202, "sending")
    assert (ended["state"], ended["reason"], sink.taken) == ("cancelled", "operator", [])


async def test_two_tokens_are_good_at_once_so_that_one_can_replace_the_other(
    tmp_path: Path,
) -> None:
    async with (
        SmtpSink() as sink,
        running(tmp_path, sink.port, API_TOKENS=f"{NEW_TOKEN} {TOKEN}") as service,
    ):
        body = {"channel": "sms", "to": "+14155550123"}
        answers = [
            (await ask(service, "/v1/test", body, token)).status_code
            for token in (TOKEN, NEW_TOKEN, NEW_TOKEN[:-1])
        ]
        printed = "".join(service.lines)
    assert answers == [202, 202, 401]
    assert TOKEN not in printed
    assert NEW_TOKEN not in printed
