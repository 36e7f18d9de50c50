"""The email channel against servers that refuse, before anything that cannot be undone."""

import asyncio
from collections.abc import Callable

import pytest

from notifier.channels.smtp import Deadlines
from notifier.model.errors import ChannelDown, Permanent, Transient, Unreachable
from notifier.model.reasons import Reason
from tests.integration.smtp_server import Conversation, SmtpServer
from tests.integration.smtp_setting import RAW, SHORT, TO, cell, letter, ours, setting


@cell("E4", mail="MAIL", rcpt="RCPT", data="DATA")
async def test_a_dripping_server_is_cut_off_in_a_transaction(kind: str, way: str) -> None:
    server = SmtpServer(offers=[])
    server.script[way] = [Conversation.drip]
    async with setting(kind, SHORT, server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert error.evidence.phase == way.lower()
        assert "silent" in (error.evidence.reply or "")
        await server.until(lambda seen: not seen.open)
    assert not server.mails


@cell("E4")
async def test_a_transaction_ends_at_the_deadline_of_the_attempt(kind: str) -> None:
    server = SmtpServer(offers=[])
    server.script["RCPT"] = [Conversation.hang]
    async with setting(kind, Deadlines(attempt=1.0), server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert (error.evidence.phase, error.evidence.reply) == (
        "rcpt",
        "the mail server took longer than 1 s",
    )


@cell("E5", mail="MAIL", rcpt="RCPT", data="DATA")
async def test_a_421_in_a_transaction_is_the_channels_fault(kind: str, way: str) -> None:
    server = SmtpServer()
    server.script[way] = [b"421 4.3.2 shutting down\r\n"]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert (error.evidence.phase, error.evidence.code) == (way.lower(), 421)
        await server.until(lambda seen: not seen.open)
        await one.channel.send(letter(), ours)
    assert server.connections == 2


@cell("E5")
async def test_a_421_that_nobody_asked_for_ends_the_body(kind: str) -> None:
    server = SmtpServer()
    server.script["DATA"] = [b"354 go ahead\r\n421 4.3.2 on second thoughts\r\n"]
    async with setting(kind, server=server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert (error.evidence.phase, error.evidence.code) == ("body", 421)
    assert not server.mails


@cell("E6", first=b"450 4.7.1 greylisted\r\n", other=b"451 4.7.1 come back later\r\n")
async def test_greylisting_waits_a_minute_and_is_overcome(kind: str, way: bytes) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [way, way]
    async with setting(kind, server=server) as one:
        for _ in range(2):
            error = await one.refused()
            assert isinstance(error, Transient)
            assert error.retry_after == 60_000
            assert error.evidence.phase == "rcpt"
        receipt = await one.channel.send(letter(), ours)
    assert receipt.provider_id == "Q1"
    envelopes = [seen.line for seen in server.commands if seen.verb in ("MAIL", "RCPT")]
    assert envelopes == envelopes[:2] * 3
    assert [mail.raw for mail in server.mails] == [RAW]


@cell("E7", full=b"452 4.2.2 full\r\n", space=b"452 4.3.1 no space\r\n", old=b"552 too many\r\n")
async def test_a_full_mailbox_is_for_later(kind: str, way: bytes) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [way]
    async with setting(kind, server=server) as one:
        error = await one.refused()
    assert isinstance(error, Transient)
    assert error.retry_after is None


@cell("E8", said=b"550 5.1.1 no such user\r\n", short=b"550 no\r\n", moved=b"551 5.1.6 moved\r\n")
async def test_a_mailbox_that_is_none_counts_against_the_address(kind: str, way: bytes) -> None:
    server = SmtpServer()
    server.script["RCPT"] = [way]
    async with setting(kind, server=server) as one:
        error = await one.refused()
    assert isinstance(error, Unreachable)
    assert error.reason is Reason.BAD_MAILBOX


@cell("E9", unknown=b"550 5.7.60 not allowed to send as\r\n", wrong=b"553 sender refused\r\n")
async def test_a_refused_sender_is_no_fault_of_the_recipient(kind: str, way: bytes) -> None:
    server = SmtpServer()
    server.script["MAIL"] = [way]
    async with setting(kind, server=server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "mail"


@cell("E10")
async def test_a_mail_that_is_larger_than_offered_is_not_begun(kind: str) -> None:
    async with setting(kind, server=SmtpServer(offers=["SIZE 10"])) as one:
        error = await one.refused()
        assert isinstance(error, Permanent)
        assert (error.reason, error.evidence.phase) == (Reason.TOO_LARGE, "mail")
    assert "MAIL" not in one.server.verbs()


@pytest.mark.parametrize(
    ("offer", "option"),
    [("SIZE", " SIZE=52"), ("SIZE 0", " SIZE=52"), ("SIZE x", " SIZE=52"), ("XSIZE", "")],
)
async def test_the_size_is_told_where_it_is_asked_for(offer: str, option: str) -> None:
    raw = RAW[:-3] + b"\r\n"
    async with setting(server=SmtpServer(offers=[offer])) as one:
        await one.channel.send(letter(raw=raw), ours)
    assert f"MAIL FROM:<desk@example.com>{option}" in [seen.line for seen in one.server.commands]


@cell("E14", together=["PIPELINING"], alone=[])
async def test_a_refused_recipient_never_gets_the_body(kind: str, way: list[str]) -> None:
    server = SmtpServer(offers=way)
    server.script["RCPT"] = [b"550 5.1.1 no such user\r\n"]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, Unreachable)
        assert error.evidence.phase == "rcpt"
        assert b"Hello" not in b"".join(server.segments)
        if way:
            assert server.segments[-1] == b".\r\n"
        else:
            assert server.segments[-1] == f"RCPT TO:<{TO}>\r\n".encode()
        receipt = await one.channel.send(letter(), ours)
        assert receipt.code == 250
        assert server.verbs()[-5:] == ["RSET", "MAIL", "RCPT", "DATA", "."]
    assert server.connections == 1
    assert [mail.raw for mail in server.mails] == [RAW]


@pytest.mark.parametrize(
    "script",
    [
        {"DATA": [b"503 5.5.1 no recipients\r\n"]},
        {"DATA": [Conversation.close]},
        {"DATA": [Conversation.hang]},
        {"DATA": [b"250 what\r\n"]},
        {"DOT": [Conversation.close]},
        {"DOT": [Conversation.hang]},
        {"DOT": [b"250 2.0.0 took nothing for nobody\r\n"]},
    ],
    ids=["refused", "closed", "hung", "nonsense", "dot-closed", "dot-hung", "dot-taken"],
)
async def test_the_refusal_of_a_recipient_stands_whatever_follows(
    script: dict[str, list[bytes | Callable[[Conversation], None]]],
) -> None:
    server = SmtpServer()
    server.script.update(script)
    server.script["RCPT"] = [b"550 5.1.1 no such user\r\n"]
    async with setting("plain", SHORT, server) as one:
        assert isinstance(await one.refused(), Unreachable)
        await one.channel.send(letter(), ours)
    assert [mail.raw for mail in server.mails] == [RAW]
    assert server.mails[0].connection <= 2


async def test_when_all_is_refused_the_first_refusal_counts() -> None:
    server = SmtpServer()
    server.script["MAIL"] = [b"452 4.3.1 no space\r\n"]
    server.script["RCPT"] = [b"503 5.5.1 MAIL first\r\n"]
    server.script["DATA"] = [b"503 5.5.1 MAIL first\r\n"]
    async with setting(server=server) as one:
        error = await one.refused()
    assert isinstance(error, Transient)
    assert (error.evidence.phase, error.evidence.enhanced_code) == ("mail", "4.3.1")


@cell("E20")
async def test_a_server_that_offers_nothing_gets_one_command_at_a_time(kind: str) -> None:
    async with setting(kind, server=SmtpServer(offers=[])) as one:
        await one.channel.send(letter(), ours)
        mail = one.server.segments.index(b"MAIL FROM:<desk@example.com>\r\n")
        after = one.server.segments[mail + 1 : mail + 3]
    assert after == [f"RCPT TO:<{TO}>\r\n".encode(), b"DATA\r\n"]
    assert [mail.raw for mail in one.server.mails] == [RAW]


@cell("E20")
async def test_a_server_that_takes_groups_gets_one_piece(kind: str) -> None:
    async with setting(kind) as one:
        await one.channel.send(letter(), ours)
    assert (
        f"MAIL FROM:<desk@example.com> SIZE={len(RAW)}\r\nRCPT TO:<{TO}>\r\nDATA\r\n".encode()
        in one.server.segments
    )


@cell("E21")
async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(kind: str) -> None:
    outgoing = letter(to="jürgen@example.com")
    async with setting(kind) as one:
        error = await one.refused(outgoing)
        assert isinstance(error, Permanent)
        assert (error.reason, error.evidence.phase) == (Reason.BAD_ADDRESS, "rcpt")
        assert "MAIL" not in one.server.verbs()
        await one.channel.send(letter(), ours)
        assert one.server.connections == 1
    async with setting(kind, server=SmtpServer(offers=["SMTPUTF8"])) as one:
        await one.channel.send(outgoing, ours)
    assert "MAIL FROM:<desk@example.com> SMTPUTF8" in [seen.line for seen in one.server.commands]
    assert one.server.mails[0].to == "jürgen@example.com"


async def test_a_sender_beyond_ascii_is_the_channels_fault() -> None:
    async with setting(from_email="bücher@example.com") as one:
        assert isinstance(await one.refused(), ChannelDown)


@cell(
    "E22",
    words=b"hello\r\n",
    short=b"25 ok\r\n",
    nul=b"250 o\0k\r\n",
    mixed=b"250-a\r\n550 b\r\n",
    line=b"250 " + b"x" * 5000,
    lines=b"250-x\r\n" * 101,
    high=b"990 ok\r\n",
    more=b"250 ok\r\n" * 5,
    nonsense=b"354 go ahead\r\n",
)
async def test_garbage_is_refused_and_closes_the_connection(kind: str, way: bytes) -> None:
    server = SmtpServer(offers=[])
    server.script["RCPT"] = [way]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, Transient)
        assert len(error.evidence.reply or "") <= 500
        await server.until(lambda seen: not seen.open)
        await one.channel.send(letter(), ours)
    assert (server.connections, len(server.mails)) == (2, 1)


@cell(
    "E22", words=b"hello\r\n", short=b"25 ok\r\n", long=b"220-" + b"x" * 40_000, yes=b"250 ok\r\n"
)
async def test_a_greeting_that_is_garbage_is_the_channels_fault(kind: str, way: bytes) -> None:
    server = SmtpServer()
    server.script["BANNER"] = [way]
    async with setting(kind, SHORT, server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "connect"
    assert len(error.evidence.reply or "") <= 500


@cell("E22", close=Conversation.close, reset=Conversation.reset)
async def test_a_connection_lost_before_the_dot_is_for_later(kind: str, way: object) -> None:
    for verb in ("MAIL", "RCPT", "DATA"):
        server = SmtpServer()
        assert callable(way)
        server.script[verb] = [way]
        async with setting(kind, server=server) as one:
            error = await one.refused()
        assert isinstance(error, Transient)
        assert error.evidence.phase == verb.lower()
        assert not server.mails


@pytest.mark.fault("G12")
@pytest.mark.parametrize(
    "to",
    [
        *("", "john", "@example.com", "john@", "a b@example.com", "a@example.com\r\nDATA"),
        *("<a@example.com>", "a@example.com>", "a\u2028b@example.com", "a\ud800@example.com"),
        *("a@\x00", "a@" + "x" * 400),
    ],
)
async def test_an_address_that_no_command_can_carry_gets_no_connection(to: str) -> None:
    async with setting() as one:
        error = await one.refused(letter(to=to))
        assert isinstance(error, Permanent)
        assert (error.reason, error.evidence.phase) == (Reason.BAD_ADDRESS, "rcpt")
    assert one.server.connections == 0


@pytest.mark.parametrize("raw", [b"a\n.\r\n", b"a\r.\r\n", b"\n", b"a\r"])
async def test_a_line_that_does_not_end_as_lines_do_gets_no_connection(raw: bytes) -> None:
    async with setting() as one:
        error = await one.refused(letter(raw=raw))
        assert isinstance(error, Permanent)
        assert (error.reason, error.evidence.phase) == (Reason.TEMPLATE_ERROR, "render")
    assert one.server.connections == 0


async def test_sends_at_once_keep_their_refusals_apart() -> None:
    server = SmtpServer()
    async with setting(server=server) as one:
        await one.channel.send(letter(), ours)
        results = await asyncio.gather(
            *(
                one.channel.send(letter(to=to), ours)
                for to in ("a@example.com", "no one@example.com", "b@example.com")
            ),
            return_exceptions=True,
        )
    assert [isinstance(result, Permanent) for result in results] == [False, True, False]
