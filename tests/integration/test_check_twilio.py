"""`notifier check`, SMS: an endpoint that cannot be talked to, on loopback."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from notifier.channels.twilio import TwilioAccount
from notifier.channels.twilio_check import check
from notifier.demo.catcher import Catcher
from notifier.model.findings import Condition, Finding
from notifier.rendering import sms
from tests.integration.smtp_certificates import certificate

MEND = "check TWILIO_API_BASE, and the network of this machine"
Talk = Callable[[asyncio.StreamWriter], None]


def account(base: str, seconds: float = 30.0) -> TwilioAccount:
    return TwilioAccount(
        account_sid="AC" + "0f" * 16,
        auth_token="a-token-that-nobody-may-see",
        from_number="+14155550100",
        api_base=base,
        total_timeout=seconds,
    )


@asynccontextmanager
async def answering(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server that does this on each connection; give its host and port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_refused_connection_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        remote = f"127.0.0.1:{closed.getsockname()[1]}"
        found = await check(account(f"http://{remote}"))
    assert found == [Finding("sms", Condition.FAILED, f"{remote} refused the connection", MEND)]


async def test_a_closed_connection_is_told() -> None:
    async with answering(lambda writer: writer.transport.abort()) as remote:
        (finding,) = await check(account(f"http://{remote}"))
    assert finding.condition is Condition.FAILED
    assert finding.cause.startswith(remote)
    assert finding.mend == MEND


async def test_a_silent_endpoint_is_told_within_its_deadline() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        remote = f"127.0.0.1:{silent.getsockname()[1]}"
        found = await check(account(f"http://{remote}", seconds=1.0))
    cause = f"{remote} was silent: no answer came in time"
    assert found == [Finding("sms", Condition.FAILED, cause, MEND)]


async def test_a_certificate_that_is_not_known_is_told() -> None:
    context = (await certificate()).context()
    async with answering(lambda writer: writer.close(), context) as remote:
        (finding,) = await check(account(f"https://{remote}"))
    cause = f"the certificate of {remote} comes from an authority that is not known here"
    assert finding == Finding("sms", Condition.FAILED, cause, MEND)


async def test_an_endpoint_that_knows_less_than_twilio_is_told_as_far_as_it_goes() -> None:
    async with Catcher(sms.count) as catcher:
        found = await check(account(catcher.api_base))
    assert [finding.condition for finding in found] == [Condition.OK, Condition.WARNING]
    assert found[1].cause.startswith("whether +14155550100 can send could not be read")
