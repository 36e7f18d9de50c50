"""The door on a real socket: the server with short deadlines, and a caller who writes bytes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from notifier.sources.call import Call, Source
from notifier.store.base import Recorded
from notifier.web.guard import GuardedProtocol, guarded
from tests.openapi_check import repository_checker
from tests.unit.web.stubs import Parts, StubIntake

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

    async def receive(self, desk: Source, call: Call) -> Recorded:
        self.reached.set()
        await self.go.wait()
        return await super().receive(desk, call)
