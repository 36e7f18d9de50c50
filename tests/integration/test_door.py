"""The door on a real socket: uvicorn with the guarded protocol, spoken to byte by byte."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from notifier.model.errors import UnsupportedMedia
from notifier.sources.call import Call
from notifier.store.base import Recorded
from notifier.web.guard import MAX_DISCARDED, MAX_HEADER_BYTES, GuardedProtocol, guarded
from tests.openapi_check import repository_checker
from tests.unit.web.stubs import MAX_BODY, Parts, StubIntake

SHORT = 0.2

GOOD = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\n{}"
UNFINISHED = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\n{"
CHUNKED = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire(asyncio.Protocol):
    """One connection, and the answers read from it, each held against openapi.yaml."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.arrived = bytearray()
        self.closed = False
        self.news = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.arrived += data
        self.news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self.writable.set()
        self.news.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    async def send(self, data: bytes) -> None:
        self.transport.write(data)
        await self.writable.wait()

    async def answer(self, request: str = "POST /webhooks") -> tuple[int, dict[str, str], bytes]:
        head = (await self._read_until(b"\r\n\r\n")).decode().split("\r\n")
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        method, path = request.split()
        length = 0 if method == "HEAD" else int(headers["content-length"])
        body = await self._read(length)
        status = int(head[0].split()[1])
        repository_checker().check(method, path, status, headers, body)
        return status, headers, body

    async def status(self, request: str = "POST /webhooks") -> int:
        return (await self.answer(request))[0]

    async def is_closed_silently(self) -> bool:
        """Wait for the end of the connection; tell whether nothing came before it."""
        while not self.closed:
            await self._news()
        return not self.arrived

    async def drip(self, data: bytes) -> None:
        """Repeat `data` slowly until the other side has something to say, or hangs up."""
        while not self.arrived and not self.closed:
            self.transport.write(data)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SHORT / 10):
                    await self._news()

    async def flood(self, data: bytes, most: int) -> bool:
        """Repeat `data` up to `most` bytes; tell whether the other side hung up before."""
        for _ in range(most // len(data)):
            if self.closed:
                return True
            await self.send(data)
            # A write that fails tells so in the next round of the loop only.
            await asyncio.sleep(0)
        return self.closed

    async def _news(self) -> None:
        self.news.clear()
        await self.news.wait()

    async def _read_until(self, end: bytes) -> bytes:
        while end not in self.arrived:
            assert not self.closed, bytes(self.arrived)
            await self._news()
        return await self._read(self.arrived.index(end) + len(end))

    async def _read(self, length: int) -> bytes:
        while len(self.arrived) < length:
            assert not self.closed, bytes(self.arrived)
            await self._news()
        read = bytes(self.arrived[:length])
        del self.arrived[:length]
        return read


@dataclass
class Door:
    """A running server."""

    address: tuple[str, int]
    wires: list[Wire] = field(default_factory=list)

    async def dial(self) -> Wire:
        _, wire = await asyncio.get_running_loop().create_connection(Wire, *self.address)
        self.wires.append(wire)
        return wire

    async def lets_a_deadline_pass(self) -> None:
        """Return when a caller who says nothing was hung up on."""
        assert await (await self.dial()).is_closed_silently()


def configured(app: ASGIApp, protocol: type[GuardedProtocol], keep_alive: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=keep_alive,
    )


@asynccontextmanager
async def door(
    parts: Parts | None = None, header: float = 5, body: float = 10, keep_alive: int = 5
) -> AsyncIterator[Door]:
    """Serve with uvicorn's protocol alone: its server would take a quarter of a second to stop."""
    protocol = guarded(header, body)
    config = configured((parts or Parts()).app(), protocol, keep_alive)
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config, state, {}), "127.0.0.1", 0
    )
    opened = Door(server.sockets[0].getsockname())
    try:
        yield opened
    finally:
        server.close()
        for wire in opened.wires:
            wire.transport.abort()
        await asyncio.gather(*state.tasks)


class Patient(StubIntake):
    """An intake that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def receive(self, source: str, call: Call) -> Recorded:
        self.reached.set()
        await self.go.wait()
        return await super().receive(source, call)


async def test_a_call_is_answered_and_the_connection_kept() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        for _ in range(3):
            await wire.send(GOOD)
            status, headers, _ = await wire.answer()
            assert status == 202
            assert "connection" not in headers
    assert [call.body for _, call in parts.intake.calls] == [b"{}"] * 3


@pytest.mark.parametrize(
    "part", [b"", b"POST", b"POST /webhooks HTTP/1.1\r\nHost: exam", b"\r\n", GOOD[:-4]]
)
async def test_headers_that_come_late_end_the_connection(part: bytes) -> None:
    async with door(header=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(part)
        assert await wire.is_closed_silently()


@pytest.mark.parametrize("part", [b"\r\n", GOOD[:30]])
async def test_the_header_deadline_holds_for_every_call_of_a_connection(part: bytes) -> None:
    async with door(header=SHORT, keep_alive=60) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + GOOD)
        assert [await wire.status(), await wire.status()] == [202, 202]
        await wire.send(part)
        assert await wire.is_closed_silently()


async def test_dripping_headers_do_not_move_the_deadline() -> None:
    async with door(header=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(b"POST /webhooks HTTP/1.1\r\nX-Slow: ")
        await wire.drip(b"x")
        assert await wire.is_closed_silently()


@pytest.mark.parametrize("request_", [UNFINISHED, CHUNKED, CHUNKED + b"1\r\n{\r\n"])
async def test_a_body_that_comes_late_is_408_and_ends_the_connection(request_: bytes) -> None:
    parts = Parts()
    async with door(parts, body=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(request_)
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await wire.is_closed_silently()
    assert parts.intake.calls == []


async def test_a_dripping_body_does_not_move_the_deadline() -> None:
    async with door(body=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(CHUNKED)
        await wire.drip(b"1\r\nx\r\n")
        assert await wire.status() == 408


async def test_the_body_deadline_holds_for_the_second_call_too() -> None:
    async with door(body=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + UNFINISHED)
        assert [await wire.status(), await wire.status()] == [202, 408]


async def test_an_answered_call_whose_body_never_comes_is_hung_up_on() -> None:
    async with door(body=SHORT, keep_alive=60) as opened:
        wire = await opened.dial()
        await wire.send(UNFINISHED.replace(b"/webhooks", b"/webhooks/nobody"))
        assert await wire.status("POST /webhooks/nobody") == 404
        assert await wire.is_closed_silently()


async def test_an_idle_connection_is_closed_by_the_keep_alive_timeout() -> None:
    async with door(keep_alive=0) as opened:
        wire = await opened.dial()
        await wire.send(GOOD)
        assert await wire.status() == 202
        assert await wire.is_closed_silently()


@pytest.mark.parametrize("late", [b"POST /webhooks HTTP/1.1\r\n", UNFINISHED])
async def test_no_deadline_runs_against_a_caller_who_waits_for_us(late: bytes) -> None:
    intake = Patient()
    async with door(Parts(intake), header=SHORT, body=SHORT, keep_alive=60) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + late)
        await intake.reached.wait()
        for _ in range(3):
            await opened.lets_a_deadline_pass()
        intake.go.set()
        assert await wire.status() == 202


async def test_a_length_over_the_limit_is_413_before_any_body_is_asked_for() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(
            b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nExpect: 100-continue\r\n"
            b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1)
        )
        assert await wire.status() == 413
    assert parts.intake.calls == []


async def test_after_a_413_the_rest_of_the_body_is_skipped() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(
            b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\nContent-Length: 100000\r\n\r\n"
        )
        assert await wire.status() == 413
        await wire.send(b"x" * 40_000)
        await wire.send(b"x" * 60_000 + GOOD[:20])
        await wire.send(GOOD[20:])
        assert await wire.status() == 202
    assert [call.body for _, call in parts.intake.calls] == [b"{}"]


async def test_chunks_without_end_are_413_and_then_hung_up_on() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(CHUNKED)
        chunk = b"%x\r\n%b\r\n" % (60_000, b"x" * 60_000)
        assert await wire.flood(chunk, 100 * MAX_DISCARDED)
        assert await wire.status() == 413


async def test_a_length_that_promises_too_much_stores_nothing() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(UNFINISHED)
        wire.transport.write_eof()
        assert await wire.is_closed_silently()
    assert parts.intake.calls == []


async def test_a_length_that_promises_too_little_cuts_the_body_there() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + b"{more}")
        assert await wire.status() == 202
        assert await wire.is_closed_silently()
    assert [call.body for _, call in parts.intake.calls] == [b"{}"]


START = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\n"


@pytest.mark.parametrize(
    "malformed",
    [
        pytest.param(
            START + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="length and chunks",
        ),
        pytest.param(START + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", id="two lengths"),
        pytest.param(START + b"Content-Length: -2\r\n\r\n{}", id="negative length"),
        pytest.param(START + b"Content-Length: +2\r\n\r\n{}", id="signed length"),
        pytest.param(START + b"Content-Length: 0x2\r\n\r\n{}", id="hexadecimal length"),
        pytest.param(START + b"Content-Length: %b\r\n\r\n{}" % (b"9" * 30), id="huge length"),
        pytest.param(GOOD.replace(b"\r\n", b"\n"), id="bare LF"),
        pytest.param(GOOD.replace(b"Host:", b"Host :"), id="space before colon"),
        pytest.param(GOOD.replace(b"Host: ", b"Host: \0"), id="NUL in a header"),
        pytest.param(GOOD.replace(b"/webhooks", b"/web\xffhooks"), id="raw byte in the path"),
        pytest.param(START + b"Transfer-Encoding: gzip\r\n\r\n{}", id="unknown transfer coding"),
        pytest.param(CHUNKED + b"zz\r\n{}\r\n", id="bad chunk size"),
        pytest.param(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n", id="CONNECT"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="TLS"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(b"EHLO example.com\r\n", id="SMTP"),
    ],
)
async def test_what_is_not_http_is_400_and_ends_the_connection(malformed: bytes) -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(malformed)
        status, headers, body = await wire.answer()
        assert (status, headers["connection"]) == (400, "close")
        assert b'"code":"bad_request"' in body
        assert await wire.is_closed_silently()
    assert parts.intake.calls == []


@pytest.mark.parametrize(
    "large",
    [
        pytest.param(b"X-Long: %b\r\n\r\n" % (b"x" * MAX_HEADER_BYTES), id="one long header"),
        pytest.param(b"X-Many: x\r\n" * (MAX_HEADER_BYTES // 7) + b"\r\n", id="many headers"),
    ],
)
async def test_headers_over_their_limit_are_431(large: bytes) -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(START + large)
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (431, "close")


async def test_a_header_without_end_is_431() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(START + b"X-Endless: ")
        assert await wire.flood(b"x" * 60_000, 100 * 1024 * 1024)
        assert await wire.status() == 431


async def test_garbage_behind_a_good_call_does_not_cost_its_answer() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(GOOD + GOOD.replace(b"\r\n", b"\n"))
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (202, "close")
        assert await wire.is_closed_silently()


async def test_garbage_in_a_body_that_was_refused_already_ends_the_connection() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(CHUNKED.replace(b"/webhooks", b"/webhooks/nobody"))
        assert await wire.status("POST /webhooks/nobody") == 404
        await wire.send(b"zz\r\n")
        assert await wire.is_closed_silently()


async def test_pipelined_calls_are_answered_in_order() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + b"GET /health/live HTTP/1.1\r\n\r\n" + GOOD.replace(b"{}", b"[]"))
        assert await wire.status() == 202
        assert await wire.status("GET /health/live") == 200
        assert await wire.status() == 202
    assert [call.body for _, call in parts.intake.calls] == [b"{}", b"[]"]


async def test_a_call_may_arrive_in_any_two_pieces() -> None:
    parts = Parts()
    async with door(parts) as opened:
        for place in range(1, len(GOOD)):
            wire = await opened.dial()
            await wire.send(GOOD[:place])
            await asyncio.sleep(0)
            await wire.send(GOOD[place:] + GOOD)
            assert [await wire.status(), await wire.status()] == [202, 202]
    assert {call.body for _, call in parts.intake.calls} == {b"{}"}


async def test_a_compressed_body_is_never_unpacked_here() -> None:
    parts = Parts(StubIntake(UnsupportedMedia("A compressed body is not read.")))
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(START + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")
        assert await wire.status() == 415
    _, call = parts.intake.calls[0]
    assert call.header("content-encoding") == [b"gzip"]
    assert call.body == b"\x1f\x8b"


async def test_another_method_is_405_with_allow() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(b"DELETE /webhooks HTTP/1.1\r\n\r\n")
        status, headers, _ = await wire.answer("DELETE /webhooks")
        assert (status, headers["allow"]) == (405, "POST")


async def test_the_asterisk_is_an_unknown_address() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(b"OPTIONS * HTTP/1.1\r\n\r\n")
        assert await wire.status("OPTIONS *") == 404


async def test_head_is_answered_without_a_body() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(b"HEAD /health/ready HTTP/1.1\r\n\r\nGET /health/ready HTTP/1.1\r\n\r\n")
        _, bare, _ = await wire.answer("HEAD /health/ready")
        _, whole, body = await wire.answer("GET /health/ready")
        assert bare["content-length"] == whole["content-length"] == str(len(body))


async def test_an_upgrade_is_not_offered() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(
            b"GET /health/live HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        assert await wire.status("GET /health/live") == 200


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_the_deadlines_hold_in_the_whole_server_on_every_event_loop(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def story() -> None:
        config = configured(Parts().app(), guarded(SHORT, SHORT), keep_alive=5)
        server = uvicorn.Server(config)
        listening = socket.create_server(("127.0.0.1", 0))
        running = asyncio.create_task(server.serve([listening]))
        opened = Door(listening.getsockname())
        slow, late = await opened.dial(), await opened.dial()
        await slow.send(GOOD[:20])
        await late.send(GOOD + UNFINISHED)
        assert await slow.is_closed_silently()
        status, headers, _ = await late.answer()
        assert status == 202
        assert "date" in headers
        assert "server" not in headers
        assert await late.status() == 408
        server.should_exit = True
        await running

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(story())
