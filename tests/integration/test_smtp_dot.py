"""The email channel around the one byte that cannot be taken back."""

import asyncio
from collections.abc import Callable

import pytest

from notifier.model.errors import (
    ChannelDown,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
)
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason
from tests.integration.smtp_server import Conversation, SmtpServer, later
from tests.integration.smtp_setting import RAW, SHORT, Setting, cell, letter, ours, setting

Step = Callable[[Conversation], None]

LARGE = b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * 150_000


def accepts_then(step: Step) -> Step:
    def both(conversation: Conversation) -> None:
        conversation.say(b"250 2.0.0 Ok: queued as ABC\r\n")
        step(conversation)

    return both


def says_garbage(conversation: Conversation) -> None:
    conversation.say(b"what?\r\n")


def says_go_on(conversation: Conversation) -> None:
    conversation.say(b"354 go on\r\n")


@cell("E5")
async def test_a_421_to_the_dot_is_the_channels_fault(kind: str) -> None:
    server = SmtpServer()
    server.script["DOT"] = [b"421 4.3.2 shutting down\r\n"]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert error.evidence.phase == "dot"
        await server.until(lambda seen: not seen.open)


@cell("E11", policy=(b"554 5.7.1 spam\r\n", "policy"), blocked=(b"552 5.7.0 no\r\n", "policy"))
async def test_a_policy_after_the_dot_is_final(kind: str, way: tuple[bytes, str]) -> None:
    said, reason = way
    server = SmtpServer()
    server.script["DOT"] = [said]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, Permanent)
        assert (error.reason, error.evidence.phase) == (reason, "dot")
        await one.channel.send(letter(), ours)
    assert server.connections == 1


async def test_a_refusal_of_the_dot_for_now_is_for_later() -> None:
    server = SmtpServer()
    server.script["DOT"] = [b"451 4.7.1 try again\r\n", b"552 too large\r\n"]
    async with setting(server=server) as one:
        error = await one.refused()
        assert isinstance(error, Transient)
        assert error.retry_after == 60_000
        assert (await one.refused()).reason is Reason.TOO_LARGE


@cell(
    "E12",
    close=Conversation.close,
    reset=Conversation.reset,
    hang=Conversation.hang,
    garbage=says_garbage,
    nonsense=says_go_on,
)
async def test_no_reply_to_the_dot_is_unknown(kind: str, way: Step) -> None:
    server = SmtpServer()
    server.script["DOT"] = [way]
    async with setting(kind, SHORT, server) as one:
        error = await one.refused()
        assert isinstance(error, Unknown)
        assert (error.reason, error.evidence.phase) == (Reason.OUTCOME_UNKNOWN, "dot")
        await server.until(lambda seen: not seen.open)
        receipt = await one.channel.send(letter(), ours)
    assert receipt.code == 250
    assert [mail.raw for mail in server.mails] == [RAW, RAW]
    assert server.connections == 2


@cell("E13")
async def test_a_reply_that_comes_too_late_changes_nothing(kind: str) -> None:
    server, very_late = SmtpServer(), asyncio.Event()
    server.script["DOT"] = [later(very_late, b"250 2.0.0 Ok: queued as LATE\r\n")]
    async with setting(kind, SHORT, server) as one:
        assert isinstance(await one.refused(), Unknown)
        very_late.set()
        receipt = await one.channel.send(letter(), ours)
    assert receipt.provider_id == "Q2"


@cell("E24", reset=Conversation.reset, close=Conversation.close)
async def test_what_was_accepted_is_sent_whatever_follows(kind: str, way: Step) -> None:
    server = SmtpServer()
    server.script["DOT"] = [accepts_then(way)]
    async with setting(kind, server=server) as one:
        receipt = await one.channel.send(letter(), ours)
        remote = f"127.0.0.1:{server.port}"
        text = "2.0.0 Ok: queued as ABC"
        assert receipt == Receipt("ABC", 250, "2.0.0", text, remote)
        await server.until(lambda seen: not seen.open)
        await one.channel.send(letter(), ours)
    assert server.connections == 2


@cell("E24", goodbye=b"421 4.4.2 idle\r\n", garbage=b"what?\r\n", part=b"2")
async def test_an_acceptance_counts_whatever_comes_in_one_piece_with_it(
    kind: str, way: bytes
) -> None:
    server = SmtpServer()
    server.script["DOT"] = [b"250 2.0.0 Ok\r\n" + way]
    async with setting(kind, server=server) as one:
        assert (await one.channel.send(letter(), ours)).code == 250
        await one.channel.send(letter(), ours)
    assert (server.connections, len(server.mails)) == (2, 2)


@cell("lease")
async def test_what_is_no_longer_ours_is_not_sent(kind: str) -> None:
    asked = 0

    def lost() -> bool:
        nonlocal asked
        asked += 1
        return False

    async with setting(kind) as one:
        with pytest.raises(HandedBack) as caught:
            await one.channel.send(letter(), lost)
        await one.server.until(lambda seen: not seen.open)
        assert (one.server.mails, asked) == ([], 1)
        assert b"".join(one.server.segments).endswith(b"\r\n..dot at the end\r\n")
        assert caught.value.evidence.phase == "body"
        await one.channel.send(letter(), ours)
    assert one.server.connections == 2


@cell("lease")
async def test_the_lease_is_looked_at_when_the_body_has_left(kind: str) -> None:
    resume = asyncio.Event()
    reading: list[Conversation] = []

    def stops_reading(conversation: Conversation) -> None:
        conversation.say(b"354 go ahead\r\n")
        conversation.begin_data()
        conversation.transport.pause_reading()
        reading.append(conversation)

    def lost() -> bool:
        assert resume.is_set()
        return False

    server = SmtpServer(offers=["PIPELINING"])
    server.script["DATA"] = [stops_reading]
    async with setting(kind, server=server) as one:
        sending = asyncio.create_task(one.channel.send(letter(raw=LARGE), lost))
        await server.until(lambda seen: reading)
        # Many turns of the loop, in which a body that nobody waits for would have been written.
        for _ in range(2000):
            await asyncio.sleep(0)
        resume.set()
        reading[0].transport.resume_reading()
        with pytest.raises(HandedBack):
            await sending
    assert not server.mails


@cell("silence")
async def test_a_server_that_stops_reading_is_the_channels_fault(kind: str) -> None:
    def stops_reading(conversation: Conversation) -> None:
        conversation.say(b"354 go ahead\r\n")
        conversation.transport.pause_reading()

    server = SmtpServer(offers=["PIPELINING"])
    server.script["DATA"] = [stops_reading]
    async with setting(kind, SHORT, server) as one:
        error = await one.refused(letter(raw=LARGE))
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "body"
    assert not server.mails


async def cancelled(one: Setting, verb: str) -> None:
    sending = asyncio.create_task(one.channel.send(letter(), ours))
    await one.server.until(lambda seen: verb in seen.verbs())
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await one.server.until(lambda seen: not seen.open)
    await one.channel.send(letter(), ours)


@cell("cancel", ehlo="EHLO", sign_in="AUTH", mail="MAIL", rcpt="RCPT", data="DATA")
async def test_a_send_cancelled_before_the_dot_was_never_sent(kind: str, way: str) -> None:
    server = SmtpServer(offers=[])
    server.script[way] = [Conversation.hang]
    async with setting(kind, server=server) as one:
        await cancelled(one, way)
    assert [mail.connection for mail in server.mails] == [2]


@cell("cancel")
async def test_a_send_cancelled_after_the_dot_closes_its_connection(kind: str) -> None:
    server = SmtpServer()
    server.script["DOT"] = [Conversation.hang]
    async with setting(kind, server=server) as one:
        await cancelled(one, ".")
    assert [mail.connection for mail in server.mails] == [1, 2]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b".",
        b".\r\n",
        b"..\r\n.\r\n",
        b"no end",
        b"a\r\n.\r\n.\r\nb\r\n",
        b"x" * 16384 + b"\r\n.",
    ],
    ids=["empty", "a-dot", "a-dot-line", "dots", "no-end", "inner-dots", "pieces"],
)
async def test_every_body_arrives_as_it_is(raw: bytes) -> None:
    async with setting() as one:
        await one.channel.send(letter(raw=raw), ours)
    complete = raw if not raw or raw.endswith(b"\r\n") else raw + b"\r\n"
    assert [mail.raw for mail in one.server.mails] == [complete]
