"""The email channel's few connections: kept, reused, renewed, replaced and closed."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from notifier.channels.smtp import Deadlines
from notifier.model.errors import ChannelDown, Transient
from notifier.model.messages import Receipt
from notifier.model.times import MINUTE
from tests.integration.smtp_server import Conversation, SmtpServer, later
from tests.integration.smtp_setting import PASSWORD, SHORT, Setting, cell, letter, ours, setting

Step = Callable[[Conversation], None]

ASK_ALWAYS = Deadlines(connect=1.0, stale=-1.0)


async def many(one: Setting, count: int) -> list[Receipt]:
    return await asyncio.gather(*(one.channel.send(letter(), ours) for _ in range(count)))


async def test_a_thousand_mails_go_through_few_connections() -> None:
    async with setting(connections=4) as one:
        receipts = await many(one, 1000)
        assert len(one.server.open) <= 4
    assert len({receipt.provider_id for receipt in receipts}) == len(one.server.mails) == 1000
    assert one.server.connections <= 4 + 1000 // 100
    per_connection = [
        sum(mail.connection == number for mail in one.server.mails)
        for number in range(1, one.server.connections + 1)
    ]
    assert max(per_connection) <= 100
    assert one.server.verbs().count("QUIT") == one.server.connections


@cell("pool")
async def test_there_are_never_more_connections_than_allowed(kind: str) -> None:
    most = 0

    def counts(conversation: Conversation) -> None:
        nonlocal most
        most = max(most, len(conversation.server.open))
        conversation.say(b"250 2.1.0 Ok\r\n")

    server = SmtpServer()
    server.script["MAIL"] = [counts] * 20
    async with setting(kind, server=server, connections=2) as one:
        await many(one, 20)
    assert most <= 2
    assert one.channel.about.places == 2


@cell("pool")
async def test_sends_in_a_row_share_the_connection_used_last(kind: str) -> None:
    server, together = SmtpServer(), asyncio.Event()
    server.script["DOT"] = [later(together, b"250 2.0.0 Ok\r\n")]
    async with setting(kind, server=server) as one:
        first = asyncio.create_task(one.channel.send(letter(), ours))
        await server.until(lambda seen: seen.mails)
        await one.channel.send(letter(), ours)
        together.set()
        await first
        for _ in range(3):
            await one.channel.send(letter(), ours)
    assert [mail.connection for mail in server.mails] == [1, 2, 1, 1, 1]


async def test_an_idle_connection_says_goodbye() -> None:
    async with setting(deadlines=Deadlines(idle=0.05)) as one:
        await one.channel.send(letter(), ours)
        await one.server.until(lambda seen: not seen.open)
        assert one.server.verbs()[-1] == "QUIT"
        await one.channel.send(letter(), ours)
    assert one.server.connections == 2


@cell("E23", close=Conversation.close, reset=Conversation.reset)
async def test_a_server_that_closes_an_idle_connection_is_not_noticed(kind: str, way: Step) -> None:
    async with setting(kind) as one:
        await one.channel.send(letter(), ours)
        for conversation in list(one.server.open):
            way(conversation)
        await one.server.until(lambda seen: not seen.open)
        assert (await one.channel.send(letter(), ours)).code == 250
    assert [mail.connection for mail in one.server.mails] == [1, 2]


def bids_farewell(conversation: Conversation) -> None:
    conversation.say(b"421 4.4.2 idle for too long\r\n")
    conversation.close()


@cell("E23", close=Conversation.close, reset=Conversation.reset, farewell=bids_farewell)
async def test_a_server_that_leaves_as_the_next_mail_comes_is_not_noticed(
    kind: str, way: Step
) -> None:
    server = SmtpServer()
    async with setting(kind, server=server) as one:
        await one.channel.send(letter(), ours)
        server.script["MAIL"] = [way]
        assert (await one.channel.send(letter(), ours)).code == 250
    assert [mail.connection for mail in server.mails] == [1, 2]


@cell("E23")
async def test_a_goodbye_without_being_asked_ends_an_idle_connection(kind: str) -> None:
    async with setting(kind) as one:
        await one.channel.send(letter(), ours)
        for conversation in list(one.server.open):
            conversation.say(b"421 4.4.2 idle for too long\r\n")
        await one.server.until(lambda seen: not seen.open)
        assert (await one.channel.send(letter(), ours)).code == 250
    assert one.server.connections == 2


async def test_it_is_replaced_only_once_and_only_when_nothing_was_taken() -> None:
    server = SmtpServer()
    async with setting(server=server) as one:
        await one.channel.send(letter(), ours)
        server.script["MAIL"] = [Conversation.close, Conversation.close]
        assert isinstance(await one.refused(), Transient)
        assert server.connections == 2
        await one.channel.send(letter(), ours)
        server.script["RCPT"] = [Conversation.close]
        assert isinstance(await one.refused(), Transient)
    assert server.connections == 3


async def test_a_replacement_that_cannot_be_had_is_the_channels_fault() -> None:
    server = SmtpServer()
    async with setting(server=server) as one:
        await one.channel.send(letter(), ours)
        server.script["MAIL"] = [Conversation.close]
        server.script["BANNER"] = [b"554 5.3.2 not today\r\n"]
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.code == 554


@cell("E23")
async def test_a_connection_that_rested_is_asked_first(kind: str) -> None:
    async with setting(kind, ASK_ALWAYS) as one:
        await one.channel.send(letter(), ours)
        await one.channel.send(letter(), ours)
        assert one.server.verbs().count("RSET") == 1
    assert one.server.connections == 1


@cell("E23", close=Conversation.close, hang=Conversation.hang, bad=b"500 5.5.1 what?\r\n")
async def test_a_connection_that_rested_too_long_is_replaced(kind: str, way: bytes | Step) -> None:
    server = SmtpServer()
    server.script["RSET"] = [way]
    async with setting(kind, ASK_ALWAYS, server) as one:
        await one.channel.send(letter(), ours)
        await one.channel.send(letter(), ours)
    assert [mail.connection for mail in server.mails] == [1, 2]


async def test_silence_on_a_kept_connection_is_the_channels_fault() -> None:
    server = SmtpServer(offers=[])
    async with setting(deadlines=SHORT, server=server) as one:
        await one.channel.send(letter(), ours)
        server.script["MAIL"] = [Conversation.hang]
        assert isinstance(await one.refused(), ChannelDown)
    assert server.connections == 1


@cell("probe")
async def test_a_probe_signs_in_and_leaves(kind: str) -> None:
    async with setting(kind) as one:
        await one.channel.probe()
        await one.server.until(lambda seen: not seen.open)
        assert one.server.verbs()[-2:] == ["AUTH", "QUIT"]
        await one.channel.send(letter(), ours)
        await one.channel.probe()
    assert one.server.connections == 3
    assert one.server.verbs().count("MAIL") == 1


@cell("probe")
async def test_a_probe_that_is_refused_says_so(kind: str) -> None:
    server = SmtpServer()
    server.script["AUTH"] = [b"535 5.7.8 no\r\n"]
    async with setting(kind, server=server) as one:
        with pytest.raises(ChannelDown) as caught:
            await one.channel.probe()
    assert caught.value.hold == 15 * MINUTE


async def test_a_probe_that_finds_no_place_is_the_channels_fault() -> None:
    server = SmtpServer()
    server.script["DOT"] = [Conversation.hang]
    async with setting(deadlines=Deadlines(attempt=1.0), server=server, connections=1) as one:
        sending = asyncio.create_task(one.channel.send(letter(), ours))
        await server.until(lambda seen: seen.mails)
        with pytest.raises(ChannelDown) as caught:
            await one.channel.probe()
        assert caught.value.evidence.phase == "connect"
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await one.channel.probe()


@cell("close", polite=b"221 bye\r\n", silent=Conversation.hang, gone=Conversation.close)
async def test_closing_says_goodbye_and_does_not_wait_for_long(
    kind: str, way: bytes | Step
) -> None:
    server = SmtpServer()
    server.script["QUIT"] = [way]
    async with setting(kind, Deadlines(goodbye=0.2), server) as one:
        await one.channel.send(letter(), ours)
        await one.channel.close()
        assert server.verbs()[-1] == "QUIT"
        await one.channel.close()
        await server.until(lambda seen: not seen.open)


async def test_closing_after_the_server_left_is_no_trouble() -> None:
    async with setting() as one:
        await one.channel.send(letter(), ours)
        for conversation in list(one.server.open):
            conversation.close()
        await one.server.until(lambda seen: not seen.open)
        await one.channel.close()
    assert "QUIT" not in one.server.verbs()


async def test_what_is_in_use_while_closing_leaves_when_its_mail_is_through() -> None:
    server, answer = SmtpServer(), asyncio.Event()
    server.script["DOT"] = [later(answer, b"250 2.0.0 Ok\r\n")]
    async with setting(server=server) as one:
        sending = asyncio.create_task(one.channel.send(letter(), ours))
        await server.until(lambda seen: seen.mails)
        await one.channel.close()
        assert server.open
        answer.set()
        assert (await sending).code == 250
        await server.until(lambda seen: not seen.open)
    assert server.verbs()[-1] == "QUIT"


async def test_no_task_and_no_timer_outlives_the_channel() -> None:
    before = asyncio.all_tasks()
    async with setting() as one:
        await many(one, 8)
    assert asyncio.all_tasks() == before


async def test_nothing_secret_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with setting("starttls") as one:
        await one.channel.send(letter(), ours)
        await one.channel.probe()
        shown = repr(one.channel) + repr(vars(one.channel)) + caplog.text
    assert PASSWORD not in shown
