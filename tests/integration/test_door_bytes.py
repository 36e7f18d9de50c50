"""The door on a real socket: what is no call, and calls in unusual pieces."""

import asyncio
import socket
from collections.abc import Callable

import pytest
import uvicorn
import uvloop

from notifier.model.errors import UnsupportedMedia
from notifier.web.guard import MAX_HEADER_BYTES, guarded
from tests.integration.door import (
    CHUNKED,
    GOOD,
    SHORT,
    UNFINISHED,
    Door,
    configured,
    door,
)
from tests.unit.web.stubs import Parts, StubIntake

START = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\n"


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G4")
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


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G10")
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
