"""The email channel against servers that cannot be reached, secured or signed in to."""

import asyncio
import base64
import gc
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from notifier.channels.smtp import Deadlines, SmtpAccount, SmtpChannel
from notifier.model.errors import ChannelDown
from notifier.model.times import MINUTE
from tests.integration.smtp_certificates import certificate
from tests.integration.smtp_server import Conversation, SmtpServer
from tests.integration.smtp_setting import (
    KINDS,
    PASSWORD,
    SENDER,
    TINY,
    USER,
    Setting,
    cell,
    letter,
    ours,
    setting,
)

Step = Callable[[Conversation], None]


def account(kind: str, port: int, host: str = "127.0.0.1") -> SmtpAccount:
    tls = KINDS[kind]
    return SmtpAccount(
        host=host, port=port, user=USER, password=PASSWORD, tls=tls, from_email=SENDER
    )


async def down(channel: SmtpChannel, phase: str) -> ChannelDown:
    with pytest.raises(ChannelDown) as caught:
        await channel.send(letter(), ours)
    assert caught.value.evidence.phase == phase
    await channel.close()
    return caught.value


def no_secret_left(server: SmtpServer) -> bool:
    sent = b"".join(server.segments)
    signed_in = any(verb.startswith("AUTH") for verb in server.verbs())
    return not signed_in and base64.b64encode(PASSWORD.encode()) not in sent


@cell("E1")
async def test_a_refused_connection_is_the_channels_fault(kind: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = await down(SmtpChannel(account(kind, port)), "connect")
    assert error.hold is None
    assert error.evidence.remote == f"127.0.0.1:{port}"


@cell("E1")
async def test_a_name_that_is_none_is_the_channels_fault(kind: str) -> None:
    await down(SmtpChannel(account(kind, 25, "a..example.com")), "connect")


@cell("E2")
async def test_a_connection_that_never_comes_about_ends_at_its_deadline(kind: str) -> None:
    with socket.socket() as full, ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = await down(SmtpChannel(account(kind, full.getsockname()[1]), TINY), "connect")
    assert error.evidence.reply == "the mail server did not answer in time"


@cell("E2")
async def test_a_send_cancelled_while_connecting_leaves_nothing_open(kind: str) -> None:
    with socket.socket() as full, ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        channel = SmtpChannel(account(kind, full.getsockname()[1]))
        sending = asyncio.create_task(channel.send(letter(), ours))
        done, _ = await asyncio.wait({sending}, timeout=0.1)
        assert not done
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await channel.close()
    gc.collect()


@cell("E3", kinds=("plain", "starttls"))
async def test_a_server_without_a_greeting_is_given_up(kind: str) -> None:
    server = SmtpServer()
    server.script["BANNER"] = [Conversation.hang]
    async with setting(kind, TINY, server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "connect"


@pytest.mark.fault("E3")
async def test_a_server_that_only_listens_gets_no_further_than_tls() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        await down(SmtpChannel(account("implicit", silent.getsockname()[1]), TINY), "tls")


@cell("E3", kinds=("implicit",))
async def test_a_server_without_a_greeting_is_given_up_after_the_handshake(kind: str) -> None:
    server = SmtpServer()
    server.script["BANNER"] = [Conversation.hang]
    async with setting(kind, TINY, server) as one:
        error = await one.refused()
    assert error.evidence.phase == "connect"


@cell("E4", greeting="BANNER", hello="EHLO", sign_in="AUTH")
async def test_a_dripping_server_is_cut_off_while_opening(kind: str, way: str) -> None:
    server = SmtpServer()
    server.script[way] = [Conversation.drip]
    async with setting(kind, TINY, server) as one:
        assert isinstance(await one.refused(), ChannelDown)
        await server.until(lambda seen: not seen.open)


@cell("E4")
async def test_all_that_comes_before_the_dot_has_one_deadline(kind: str) -> None:
    server = SmtpServer()
    server.script["EHLO"] = [Conversation.hang]
    async with setting(kind, Deadlines(attempt=0.3), server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "connect"


@cell("E5", greeting=("BANNER", "connect"), hello=("EHLO", "connect"), sign_in=("AUTH", "auth"))
async def test_a_421_while_opening_is_the_channels_fault(kind: str, way: tuple[str, str]) -> None:
    server = SmtpServer()
    step, phase = way
    server.script[step] = [b"421 4.3.2 closing for the night\r\n"]
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert (error.evidence.phase, error.evidence.code) == (phase, 421)
        assert error.evidence.reply == "4.3.2 closing for the night"
        assert error.evidence.enhanced_code == "4.3.2"
        await server.until(lambda seen: not seen.open)


@cell("E15", kinds=("starttls", "implicit"), expired=2020, other=0)
async def test_a_wrong_certificate_gets_no_password(kind: str, way: int) -> None:
    shown = await certificate("IP:127.0.0.1" if way else "DNS:mail.example.com", way)
    server = SmtpServer(context=shown.context())
    async with setting(kind, server=server, trusted=shown) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "tls"
    assert "the mail server's certificate is not trusted" in (error.evidence.reply or "")
    assert no_secret_left(server)


@cell("E15", kinds=("starttls", "implicit"))
async def test_a_certificate_that_nobody_vouches_for_gets_no_password(kind: str) -> None:
    async with setting(kind, trusted=await certificate("DNS:mail.example.com")) as one:
        error = await one.refused()
    assert error.evidence.phase == "tls"
    assert no_secret_left(one.server)


@cell("E15", kinds=("starttls", "implicit"))
async def test_encryption_of_long_ago_gets_no_password(kind: str) -> None:
    context = (await certificate()).context()
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = SmtpServer(context=context)
    async with setting(kind, server=server) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "tls"
    assert no_secret_left(server)


@pytest.mark.fault("E16")
async def test_a_server_that_speaks_in_the_clear_gets_nothing_where_tls_was_asked_for() -> None:
    async with setting("plain", tls="implicit") as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "tls"
    assert "no encrypted connection" in (error.evidence.reply or "")
    assert one.server.verbs() == []


@pytest.mark.fault("E16")
@pytest.mark.parametrize("user", [USER, None], ids=["starttls", "starttls-no-sign-in"])
async def test_without_starttls_nothing_is_said_in_the_clear(user: str | None) -> None:
    async with setting("plain", tls="starttls", user=user) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    assert error.evidence.phase == "tls"
    assert "STARTTLS" in (error.evidence.reply or "")
    assert one.server.verbs() == ["EHLO"]


@pytest.mark.fault("E17")
@pytest.mark.parametrize(
    "said",
    [
        b"454 4.7.0 TLS not available\r\n",
        b"220 go\r\n250 injected\r\n",
        b"220 go\r\n2",
        b"220 go\r\nEHLO\r\n",
    ],
    ids=[f"starttls-{way}" for way in ("refused", "injected", "half-a-line", "garbage")],
)
async def test_whatever_follows_the_answer_to_starttls_ends_the_session(said: bytes) -> None:
    server = SmtpServer()
    server.script["STARTTLS"] = [said]
    async with setting("starttls", server=server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert error.evidence.phase == "tls"
        await server.until(lambda seen: not seen.open)
    assert no_secret_left(server)
    assert not server.mails


@pytest.mark.fault("E17")
@pytest.mark.parametrize(
    "step", [Conversation.close, Conversation.hang], ids=["starttls-close", "starttls-hang"]
)
async def test_a_server_that_fails_at_starttls_is_the_channels_fault(step: Step) -> None:
    server = SmtpServer()
    server.script["STARTTLS"] = [step]
    async with setting("starttls", TINY, server) as one:
        error = await one.refused()
    assert error.evidence.phase == "tls"


@cell(
    "E18",
    wrong=(b"535 5.7.8 no\r\n", 15 * MINUTE),
    off=(b"550 5.7.30 Basic authentication is not supported\r\n", 15 * MINUTE),
    later=(b"454 4.7.0 not now\r\n", None),
)
async def test_a_refused_sign_in_is_tried_once(kind: str, way: tuple[bytes, int | None]) -> None:
    said, hold = way
    server = SmtpServer()
    server.script["AUTH"] = [said] * 9
    async with setting(kind, server=server) as one:
        error = await one.refused()
        assert isinstance(error, ChannelDown)
        assert (error.evidence.phase, error.hold) == ("auth", hold)
        await server.until(lambda seen: not seen.open)
    assert server.verbs().count("AUTH") == 1


@cell("E18")
async def test_sends_that_wait_for_the_first_sign_in_share_its_refusal(kind: str) -> None:
    server = SmtpServer()
    server.script["AUTH"] = [b"535 5.7.8 no\r\n"] * 9
    async with setting(kind, server=server) as one:
        errors = await asyncio.gather(*(one.refused() for _ in range(4)))
        assert {type(error) for error in errors} == {ChannelDown}
        assert server.verbs().count("AUTH") == 1
        server.script.clear()
        await one.channel.send(letter(), ours)
    assert len(server.mails) == 1


async def test_a_password_that_the_server_repeats_stays_secret() -> None:
    server = SmtpServer()

    def repeats(conversation: Conversation) -> None:
        conversation.say(f"500 5.5.1 what is {server.commands[-1].line}\r\n".encode())

    server.script["AUTH"] = [repeats]
    async with setting("plain", server=server) as one:
        error = await one.refused()
    assert error.evidence.reply == "5.5.1 what is AUTH PLAIN [hidden]"


async def signs_in(one: Setting) -> list[str]:
    await one.channel.send(letter(), ours)
    lines = [seen.line.split(" ") for seen in one.server.commands if seen.verb == "AUTH"]
    return [words[1] for words in lines]


async def test_plain_goes_before_login_and_login_works_too() -> None:
    for kind in KINDS:
        async with setting(kind) as one:
            assert await signs_in(one) == ["PLAIN"]
        async with setting(kind, server=SmtpServer(mechanisms="CRAM-MD5 LOGIN")) as one:
            assert await signs_in(one) == ["LOGIN"]
        async with setting(kind, auth="login") as one:
            assert await signs_in(one) == ["LOGIN"]
        async with setting(kind, auth="plain") as one:
            assert await signs_in(one) == ["PLAIN"]
        async with setting(kind, auth="none") as one:
            assert await signs_in(one) == []
        async with setting(kind, user=None, password=None) as one:
            assert await signs_in(one) == []


@pytest.mark.parametrize(("mechanisms", "named"), [("", "no sign-in at all"), ("NTLM", "NTLM")])
async def test_a_server_without_our_mechanisms_is_told_apart(mechanisms: str, named: str) -> None:
    async with setting("implicit", server=SmtpServer(mechanisms=mechanisms)) as one:
        error = await one.refused()
    assert isinstance(error, ChannelDown)
    words = f"the mail server offers {named}, SMTP_AUTH asks for plain or login"
    assert (error.evidence.phase, error.evidence.reply) == ("auth", words)
    assert no_secret_left(one.server)


@pytest.mark.parametrize(("name", "said"), [(None, "[127.0.0.1]"), ("a.example.com",) * 2])
async def test_the_name_said_is_the_one_set_or_our_address(name: str | None, said: str) -> None:
    async with setting("starttls", ehlo_hostname=name) as one:
        await one.channel.probe()
    assert {seen.line for seen in one.server.commands if seen.verb == "EHLO"} == {f"EHLO {said}"}
