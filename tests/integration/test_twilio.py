"""The SMS channel against real sockets on loopback that misbehave."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from notifier.channels.twilio import TwilioAccount, TwilioChannel
from notifier.model.errors import ChannelDown, DeliveryError, HandedBack, Transient, Unknown
from notifier.model.messages import Outgoing, Sms

SID = "SM" + "0a" * 16
OUTGOING = Outgoing(Sms("Ticket #123", "GSM-7", 1), "+14155550123", "the-nonce", 3600)
CREATED = b'{"sid": "' + SID.encode() + b'"}'

Act = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Api:
    """A server that reads each request whole and then does as its act says."""

    act: Act
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await self.read(reader):
                self.requests.append(request)
                await self.act(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if b"length:" in line
            ),
            0,
        )
        return head + await reader.readexactly(length)


def says(*pieces: bytes) -> Act:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return act


def answer(status: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    raise ConnectionAbortedError


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionAbortedError


async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raise ConnectionAbortedError


@asynccontextmanager
async def listening(act: Act) -> AsyncIterator[tuple[Api, str]]:
    api = Api(act)
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    async with server:
        yield api, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def channel_at(
    base: str, total_timeout: float = 30.0, connect_timeout: float = 30.0
) -> AsyncIterator[TwilioChannel]:
    channel = TwilioChannel(
        TwilioAccount(
            account_sid="AC" + "0f" * 16,
            auth_token="not-a-token",
            from_number="+14155550100",
            api_base=base,
            connect_timeout=connect_timeout,
            total_timeout=total_timeout,
        )
    )
    try:
        yield channel
    finally:
        await channel.close()


def ours() -> bool:
    return True


async def test_sends_in_a_row_share_one_connection() -> None:
    async with (
        listening(says(answer(b"201 Created", CREATED))) as (api, base),
        channel_at(base) as channel,
    ):
        for _ in range(3):
            assert (await channel.send(OUTGOING, ours)).provider_id == SID
    assert (len(api.requests), api.connections) == (3, 1)
    assert all(request.startswith(b"POST /2010-04-01/Accounts/AC") for request in api.requests)


@pytest.mark.fault("F1")
async def test_a_429_with_retry_after_is_kept_by_the_sdk_and_not_repeated() -> None:
    refusal = answer(b"429 Too Many Requests", b'{"code": 20429}', b"Retry-After: 9")
    async with listening(says(refusal)) as (api, base), channel_at(base) as channel:
        with pytest.raises(Transient) as caught:
            await channel.send(OUTGOING, ours)
    assert caught.value.retry_after == 9000
    assert len(api.requests) == 1


@pytest.mark.fault("F3")
@pytest.mark.parametrize("act", [resets, closes], ids=["reset", "closed"])
async def test_a_connection_lost_after_the_request_is_unknown(act: Act) -> None:
    async with listening(act) as (api, base), channel_at(base) as channel:
        with pytest.raises(Unknown) as caught:
            await channel.send(OUTGOING, ours)
    assert caught.value.evidence.phase == "response"
    assert len(api.requests) == 1


@pytest.mark.fault("F3")
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2"], ids=["silent", "half-a-status"])
async def test_a_server_that_hangs_after_the_request_is_unknown_at_the_deadline(
    said: bytes,
) -> None:
    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(said)(reader, writer)
        await hangs(reader, writer)

    async with listening(act) as (api, base), channel_at(base, total_timeout=1.0) as channel:
        with pytest.raises(Unknown) as caught:
            await channel.send(OUTGOING, ours)
    assert caught.value.evidence.phase == "response"
    assert len(api.requests) == 1


@pytest.mark.fault("F3")
async def test_a_dripping_answer_is_cut_off_by_the_total_deadline() -> None:
    stopped = asyncio.Event()

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            stopped.set()

    async with listening(act) as (api, base), channel_at(base, total_timeout=1.0) as channel:
        with pytest.raises(Unknown):
            await channel.send(OUTGOING, ours)
        await stopped.wait()
    assert len(api.requests) == 1


@pytest.mark.fault("F3")
async def test_a_refused_connection_is_the_channels_fault() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with channel_at(base) as channel:
            with pytest.raises(ChannelDown) as caught:
                await channel.send(OUTGOING, ours)
    assert caught.value.evidence.phase == "connect"
    assert caught.value.evidence.remote == base.removeprefix("http://")


@pytest.mark.fault("F3")
@pytest.mark.parametrize(("connect", "total"), [(0.3, 30.0), (30.0, 0.3)], ids=["own", "total"])
async def test_a_connection_that_never_comes_about_is_the_channels_fault(
    connect: float, total: float
) -> None:
    with socket.socket() as full, ExitStack() as fillers:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        base = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with channel_at(base, total, connect) as channel:
            with pytest.raises(ChannelDown) as caught:
                await channel.send(OUTGOING, ours)
    assert caught.value.evidence.phase == "connect"


@pytest.mark.fault("F3")
async def test_a_handshake_that_is_never_answered_is_the_channels_fault() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        base = f"https://127.0.0.1:{silent.getsockname()[1]}"
        async with channel_at(base, connect_timeout=0.3) as channel:
            with pytest.raises(ChannelDown) as caught:
                await channel.send(OUTGOING, ours)
    assert caught.value.evidence.phase == "connect"


@pytest.mark.fault("F3")
async def test_a_server_that_does_not_speak_tls_gets_no_request() -> None:
    plain = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(1)
        assert hello == b"\x16"
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        plain.set()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with channel_at(base) as channel:
            with pytest.raises(ChannelDown) as caught:
                await channel.send(OUTGOING, ours)
        await plain.wait()
    assert caught.value.evidence.phase == "connect"


@pytest.mark.fault("F4")
@pytest.mark.parametrize("act", [closes, hangs], ids=["closed", "hang"])
async def test_a_201_whose_body_never_comes_is_accepted(act: Act) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(answer(b"201 Created", CREATED)[:-5])(reader, writer)
        await act(reader, writer)

    async with listening(cut) as (api, base), channel_at(base, total_timeout=1.0) as channel:
        receipt = await channel.send(OUTGOING, ours)
    assert (receipt.provider_id, receipt.code) == (None, 201)
    assert len(api.requests) == 1


@pytest.mark.fault("F13")
async def test_a_redirect_is_not_followed() -> None:
    async with listening(says(answer(b"201 Created", CREATED))) as (elsewhere, there):
        moved = answer(b"307 Temporary Redirect", b"", b"Location: " + there.encode())
        async with listening(says(moved)) as (api, base), channel_at(base) as channel:
            with pytest.raises(ChannelDown):
                await channel.send(OUTGOING, ours)
    assert (len(api.requests), elsewhere.connections) == (1, 0)


async def test_what_is_lost_while_connecting_is_handed_back_before_the_first_byte() -> None:
    asked = 0

    def only_at_first() -> bool:
        nonlocal asked
        asked += 1
        return asked == 1

    async with (
        listening(says(answer(b"201 Created", CREATED))) as (api, base),
        channel_at(base) as channel,
    ):
        with pytest.raises(HandedBack):
            await channel.send(OUTGOING, only_at_first)
        assert api.requests == []
        assert (await channel.send(OUTGOING, ours)).provider_id == SID
    assert asked == 2


async def test_a_send_that_is_cancelled_leaves_the_channel_usable() -> None:
    arrived = asyncio.Event()

    async def first_hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if arrived.is_set():
            await says(answer(b"201 Created", CREATED))(reader, writer)
        else:
            arrived.set()
            await hangs(reader, writer)

    async with listening(first_hangs) as (api, base), channel_at(base) as channel:
        sending = asyncio.create_task(channel.send(OUTGOING, ours))
        await arrived.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert (await channel.send(OUTGOING, ours)).provider_id == SID
    assert len(api.requests) == 2


async def test_many_sends_at_once_use_no_more_connections_than_places() -> None:
    async with (
        listening(says(answer(b"201 Created", CREATED))) as (api, base),
        channel_at(base) as channel,
    ):
        places = channel.about.places
        async with asyncio.TaskGroup() as group:
            for _ in range(5 * places):
                group.create_task(channel.send(OUTGOING, ours))
    assert len(api.requests) == 5 * places
    assert api.connections <= places


async def test_the_breaker_learns_from_a_probe_whether_the_endpoint_is_back() -> None:
    account = answer(b"200 OK", b'{"status": "active"}')
    async with listening(says(account)) as (api, base), channel_at(base) as channel:
        await channel.probe()
    assert api.requests[0].startswith(b"GET /2010-04-01/Accounts/AC")
    async with channel_at(base) as channel:
        with pytest.raises(DeliveryError):
            await channel.probe()
