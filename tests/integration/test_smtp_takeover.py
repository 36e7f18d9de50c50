"""Taking a connection over from aiosmtplib: what we need of it, on every kind of transport."""

import asyncio
import inspect
from collections.abc import Callable

import aiosmtplib
import pytest
import uvloop

from notifier.channels.smtp_wire import usable
from tests.integration.smtp_server import SmtpServer, serving
from tests.integration.smtp_setting import KINDS, RAW, cell, letter, ours, setting

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


async def scenario(kind: str) -> None:
    large = b"Subject: large\r\n\r\n" + (b"." + b"x" * 76 + b"\r\n") * 5_000
    async with setting(kind) as one:
        for raw in (RAW, large, RAW):
            assert (await one.channel.send(letter(raw=raw), ours)).code == 250
        assert [mail.raw for mail in one.server.mails] == [RAW, large, RAW]
        assert {mail.secure for mail in one.server.mails} == {kind != "plain"}
        assert {mail.connection for mail in one.server.mails} == {1}
        for conversation in list(one.server.open):
            conversation.reset()
        await one.server.until(lambda seen: not seen.open)
        await one.channel.send(letter(), ours)
        assert one.server.connections == 2
        await one.channel.probe()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_is_taken_over_on_every_transport(kind: str, loop: str) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(scenario(kind))


@cell("takeover")
async def test_everything_after_the_handshake_is_encrypted(kind: str) -> None:
    async with setting(kind) as one:
        await one.channel.send(letter(), ours)
    in_the_clear = [seen.verb for seen in one.server.commands if not seen.secure]
    expected = {"plain": one.server.verbs(), "starttls": ["EHLO", "STARTTLS"], "implicit": []}
    assert in_the_clear == expected[kind]


async def test_the_library_still_has_what_is_used_of_it() -> None:
    smtp = inspect.signature(aiosmtplib.SMTP)
    used = {"hostname", "sock", "timeout", "use_tls", "start_tls", "tls_context", "local_hostname"}
    assert used <= set(smtp.parameters)
    async with serving(SmtpServer()) as server:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
        await client.connect()
        assert client.esmtp_extensions == {}
        await client.ehlo()
        assert client.esmtp_extensions["size"] == "1000000"
        assert client.supports_extension("pipelining")
        assert client.server_auth_methods == ["plain", "login"]
        assert client.get_transport_info("sslcontext") is None
        assert not usable(client.transport).is_closing()
        for method in (client.starttls, client.auth_plain, client.auth_login):
            assert inspect.iscoroutinefunction(method)
        await client.quit()
        with pytest.raises(ConnectionError):
            usable(client.transport)


async def test_the_librarys_errors_still_tell_replies_from_losses() -> None:
    said = aiosmtplib.SMTPConnectResponseError(421, "closing")
    assert isinstance(said, aiosmtplib.SMTPResponseException)
    assert (said.code, said.message) == (421, "closing")
    for error in (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError):
        assert issubclass(error, aiosmtplib.SMTPException)
        assert not issubclass(error, aiosmtplib.SMTPResponseException)
