"""The demonstration's mail server and SMS API, spoken to by other people's clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from email.message import EmailMessage

import aiosmtplib
import httpx2
import pytest

from notifier.demo.catcher import Catcher, CaughtMail, CaughtSms
from notifier.demo.smtp_catcher import LARGEST_MAIL

ACCOUNT = "AC" + "0f" * 16
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
FORM = {"To": "+14155550123", "From": "+14155550100", "Body": "Ticket #123"}


def segments(body: str) -> int:
    return 1 + len(body) // 160


@pytest.fixture
async def catcher() -> AsyncIterator[Catcher]:
    async with Catcher(segments, most=3) as catcher:
        yield catcher


@pytest.fixture
async def api(catcher: Catcher) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        base_url=catcher.api_base, auth=(ACCOUNT, "not-a-token"), trust_env=False
    ) as client:
        yield client


class Wire:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: str) -> str:
        """Send lines in one piece and give the last line that answers them, one for each."""
        self.writer.write(text.encode())
        replies = [await self.reply() for _ in range(text.count("\r\n"))]
        return " ".join(replies)

    async def reply(self) -> str:
        while (line := (await self.reader.readuntil(b"\r\n")).decode())[3] == "-":
            pass
        return line[:3]

    async def rest(self) -> bytes:
        """Give what else comes until the server hangs up."""
        return await self.reader.read()


@pytest.fixture
async def wire(catcher: Catcher) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection(catcher.host, catcher.smtp_port)
    wire = Wire(reader, writer)
    assert await wire.reply() == "220"
    yield wire
    await hang_up(writer)


@pytest.fixture
async def http_wire(catcher: Catcher) -> AsyncIterator[Wire]:
    port = int(catcher.api_base.rpartition(":")[2])
    reader, writer = await asyncio.open_connection(catcher.host, port)
    yield Wire(reader, writer)
    await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    # The other side may have been faster.
    with suppress(ConnectionError):
        await writer.wait_closed()


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "IT Help Desk System <desk@example.com>"
    message["To"] = "John Smith <john@example.com>"
    message["Subject"] = "New Ticket Assigned: #123 - Drucker für Büro"
    message.set_content("Hi John Smith,\n.\n..dots\n• Priority: HIGH\n")
    message.add_alternative("<p>Hi John Smith,</p>\n", subtype="html")
    return message


async def test_a_mail_is_kept_as_it_came_with_its_parts(catcher: Catcher) -> None:
    await aiosmtplib.send(mail(), hostname=catcher.host, port=catcher.smtp_port)
    await catcher.wait_for(mails=1, sms=0, seconds=30)
    [caught] = catcher.mails
    assert caught.to == "john@example.com"
    assert caught.subject == "New Ticket Assigned: #123 - Drucker für Büro"
    assert caught.text == "Hi John Smith,\n.\n..dots\n• Priority: HIGH\n"
    assert caught.html == "<p>Hi John Smith,</p>\n"
    assert caught.raw.endswith(b"--\r\n")


@pytest.mark.parametrize(
    ("line", "batch"),
    [
        ("Message-ID: <bat_1@example.com>", "bat_1"),
        ("message-id:\r\n <bat_1@example.com>", "bat_1"),
        ("Message-ID: bat_1", None),
        ("X: y", None),
    ],
)
def test_a_mail_names_its_batch_in_its_message_id(line: str, batch: str | None) -> None:
    assert CaughtMail("a@example.com", f"{line}\r\n\r\n".encode()).batch_id == batch


def test_headers_are_given_as_they_came_each_on_one_line() -> None:
    raw = b"Subject: =?utf-8?b?YQ==?=\r\n =?utf-8?b?Yg==?=\r\nX: \xff\r\nX: 2\r\n\r\nbody\r\n"
    assert CaughtMail("a@example.com", raw).headers == (
        ("Subject", "=?utf-8?b?YQ==?= =?utf-8?b?Yg==?="),
        ("X", "\ufffd"),
        ("X", "2"),
    )


async def test_a_mail_without_html_or_subject_has_none(wire: Wire, catcher: Catcher) -> None:
    await wire.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    wire.writer.write(b"X: y\r\n\r\nhello\r\n.\r\n")
    assert await wire.reply() == "250"
    [caught] = catcher.mails
    assert (caught.subject, caught.text, caught.html) == ("", "hello\n", None)


async def test_dots_are_unstuffed_and_all_other_bytes_kept(wire: Wire, catcher: Catcher) -> None:
    await wire.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
    wire.writer.write(b"..\r\n...\r\n\n.\n\r\n\xff\x00 .\r\n.\r\n")
    assert await wire.reply() == "250"
    assert catcher.mails == (CaughtMail("b@example.com", b".\r\n..\r\n\n.\n\r\n\xff\x00 .\r\n"),)


async def test_pipelining_and_size_are_offered_and_sign_in_is_not(catcher: Catcher) -> None:
    client = aiosmtplib.SMTP(hostname=catcher.host, port=catcher.smtp_port)
    async with client:
        await client.ehlo()
        assert client.supports_extension("pipelining")
        assert client.esmtp_extensions["size"] == str(LARGEST_MAIL)
        assert not client.supports_extension("auth")
        assert not client.supports_extension("starttls")
        assert not client.supported_auth_methods


async def test_a_pipelined_transaction_is_answered_in_order(wire: Wire, catcher: Catcher) -> None:
    said = "MAIL FROM:<a@example.com> SIZE=9\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    assert await wire.say(said) == "250 250 354"
    wire.writer.write(b"X: y\r\n.\r\nNOOP\r\n")
    assert [await wire.reply(), await wire.reply()] == ["250", "250"]
    assert await wire.say(said) == "250 250 354"
    wire.writer.write(b"Z: y\r\n.\r\nQUIT\r\n")
    assert [await wire.reply(), await wire.reply()] == ["250", "221"]
    assert await wire.rest() == b""
    assert [mail.raw for mail in catcher.mails] == [b"X: y\r\n", b"Z: y\r\n"]


@pytest.mark.parametrize(
    ("said", "replies"),
    [
        ("EHLO a\r\nHELO a\r\nNOOP\r\nnoop x\r\nRSET\r\n", "250 250 250 250 250"),
        ("AUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nVRFY a\r\n\r\n\x00\r\n", "502 502 502 502 502"),
        ("RCPT TO:<b@example.com>\r\nDATA\r\n", "503 503"),
        ("MAIL FROM:<a@example.com>\r\nDATA\r\n", "250 503"),
        ("MAIL TO:<a@example.com>\r\nMAIL FROM:a\r\nMAIL\r\n", "501 501 501"),
        ("MAIL FROM:<>\r\nRCPT TO:<>\r\nRCPT FROM:<b@example.com>\r\nRCPT\r\n", "250 501 501 501"),
        ("MAIL FROM:<a@example.com> SIZE=1048577\r\nDATA\r\n", "552 503"),
        ("MAIL FROM:<a@example.com>\r\nRSET\r\nRCPT TO:<b@example.com>\r\n", "250 250 503"),
        ("mail from: <a@example.com>\r\nrcpt to: <b@example.com>\r\n", "250 250"),
    ],
)
async def test_each_command_has_its_reply(wire: Wire, said: str, replies: str) -> None:
    assert await wire.say(said) == replies


async def test_every_recipient_of_a_mail_gets_a_copy_up_to_a_bound(
    wire: Wire, catcher: Catcher
) -> None:
    assert await wire.say(
        "MAIL FROM:<a@example.com>\r\n" + "RCPT TO:<b@example.com>\r\n" * 101
    ) == ("250 " * 101 + "452")
    await wire.say("RSET\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n")
    assert await wire.say("RCPT TO:<c@example.com>\r\nDATA\r\n") == "250 354"
    wire.writer.write(b".\r\n")
    assert await wire.reply() == "250"
    assert [mail.to for mail in catcher.mails] == ["b@example.com", "c@example.com"]


async def test_a_mail_that_is_too_large_is_refused_and_the_next_one_taken(
    wire: Wire, catcher: Catcher
) -> None:
    said = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
    await wire.say(said)
    wire.writer.write((b"a" * 998 + b"\r\n") * (LARGEST_MAIL // 1000 + 1) + b".\r\n")
    assert await wire.reply() == "552"
    await wire.say(said)
    wire.writer.write((b"a" * 998 + b"\r\n") * (LARGEST_MAIL // 1000) + b".\r\n")
    assert await wire.reply() == "250"
    assert len(catcher.mails) == 1


async def test_an_endless_line_ends_the_connection(wire: Wire) -> None:
    wire.writer.write(b"a" * 200_000)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await wire.reply()


async def test_mails_past_the_bound_are_refused_for_now(wire: Wire, catcher: Catcher) -> None:
    replies = []
    for _ in range(4):
        await wire.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        wire.writer.write(b".\r\n")
        replies.append(await wire.reply())
    assert replies == ["250", "250", "250", "452"]
    assert len(catcher.mails) == 3


async def test_a_text_is_kept_and_answered_as_twilio_does(
    catcher: Catcher, api: httpx2.AsyncClient
) -> None:
    response = await api.post(MESSAGES, data={**FORM, "ValidityPeriod": "60", "Body": "€ é\n" * 50})
    assert response.status_code == 201
    answer = response.json()
    assert answer["sid"].startswith("SM")
    assert len(answer["sid"]) == 34
    assert (answer["status"], answer["to"], answer["num_segments"]) == ("queued", FORM["To"], "2")
    assert catcher.sms == (CaughtSms(FORM["To"], "€ é\n" * 50, 2),)


async def test_texts_have_different_sids_and_share_a_connection(
    catcher: Catcher, api: httpx2.AsyncClient
) -> None:
    sids = {(await api.post(MESSAGES, data=FORM)).json()["sid"] for _ in range(3)}
    assert len(sids) == 3
    assert len(catcher.sms) == 3


async def test_texts_past_the_bound_are_refused_for_now(
    catcher: Catcher, api: httpx2.AsyncClient
) -> None:
    statuses = [(await api.post(MESSAGES, data=FORM)).status_code for _ in range(4)]
    assert statuses == [201, 201, 201, 429]
    assert len(catcher.sms) == 3


async def test_a_probe_finds_an_active_account(api: httpx2.AsyncClient) -> None:
    response = await api.get(f"/2010-04-01/Accounts/{ACCOUNT}.json")
    assert (response.status_code, response.json()["status"]) == (200, "active")
    listed = await api.get(f"{MESSAGES}?PageSize=1")
    assert (listed.status_code, listed.json()["messages"]) == (200, [])


@pytest.mark.parametrize(
    ("missing", "code"), [("To", 21604), ("Body", 21602), ("From", 21603)], ids=str
)
async def test_a_text_without_what_it_needs_is_refused(
    catcher: Catcher, api: httpx2.AsyncClient, missing: str, code: int
) -> None:
    form = {name: value for name, value in FORM.items() if name != missing}
    response = await api.post(MESSAGES, data=form)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert catcher.sms == ()


async def test_a_messaging_service_stands_in_for_the_number(api: httpx2.AsyncClient) -> None:
    form = {"To": FORM["To"], "Body": "b", "MessagingServiceSid": "MG1"}
    response = await api.post(MESSAGES, data=form)
    assert response.json()["messaging_service_sid"] == "MG1"


async def test_a_call_without_a_sign_in_is_refused(
    catcher: Catcher, api: httpx2.AsyncClient
) -> None:
    async with httpx2.AsyncClient(base_url=catcher.api_base, trust_env=False) as stranger:
        response = await stranger.post(MESSAGES, data=FORM)
    assert (response.status_code, response.json()["code"]) == (401, 20003)
    assert catcher.sms == ()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/2010-04-01/Accounts/other/Messages.json", 404),
        ("POST", f"/2010-04-01/Accounts/{ACCOUNT}.json", 405),
        ("DELETE", MESSAGES, 405),
    ],
)
async def test_any_other_call_is_refused(
    api: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    assert (await api.request(method, path)).status_code == status


@pytest.mark.parametrize(
    "call",
    [
        b"garbage\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ],
)
async def test_a_call_that_cannot_be_read_ends_the_connection(http_wire: Wire, call: bytes) -> None:
    http_wire.writer.write(call)
    assert (await http_wire.rest()).startswith(b"HTTP/1.1 400 ")


async def test_waiting_ends_when_the_last_one_comes(
    catcher: Catcher, api: httpx2.AsyncClient
) -> None:
    waiting = asyncio.create_task(catcher.wait_for(mails=1, sms=2, seconds=30))
    for _ in range(2):
        await api.post(MESSAGES, data=FORM)
    assert not waiting.done()
    await aiosmtplib.send(mail(), hostname=catcher.host, port=catcher.smtp_port)
    await waiting


async def test_waiting_for_what_never_comes_times_out(catcher: Catcher) -> None:
    with pytest.raises(TimeoutError):
        await catcher.wait_for(mails=1, sms=0, seconds=0.01)


async def test_closing_hangs_up_on_everybody_who_stays() -> None:
    async with Catcher(segments) as catcher:
        guests = [await asyncio.open_connection(catcher.host, catcher.smtp_port) for _ in range(2)]
        for reader, _ in guests:
            assert (await reader.readuntil(b"\r\n")).startswith(b"220 ")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(catcher.host, catcher.smtp_port)
    for reader, writer in guests:
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        await hang_up(writer)


async def test_a_catcher_that_was_never_opened_has_nothing() -> None:
    catcher = Catcher(segments)
    assert (catcher.mails, catcher.sms, catcher.smtp_port, catcher.api_base) == ((), (), 0, "")
    await catcher.wait_for(mails=0, sms=0, seconds=1)
    await catcher.__aexit__(None, None, None)
