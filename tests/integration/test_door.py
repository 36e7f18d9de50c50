"""The door on a real socket: deadlines and limits."""

import pytest

from notifier.web.guard import MAX_DISCARDED
from tests.integration.door import CHUNKED, GOOD, SHORT, UNFINISHED, Patient, door
from tests.unit.web.stubs import MAX_BODY, Parts


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


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G10")
async def test_dripping_headers_do_not_move_the_deadline() -> None:
    async with door(header=SHORT) as opened:
        wire = await opened.dial()
        await wire.send(b"POST /webhooks HTTP/1.1\r\nX-Slow: ")
        await wire.drip(b"x")
        assert await wire.is_closed_silently()


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G10")
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


@pytest.mark.fault("G10")
async def test_chunks_without_end_are_413_and_then_hung_up_on() -> None:
    async with door() as opened:
        wire = await opened.dial()
        await wire.send(CHUNKED)
        chunk = b"%x\r\n%b\r\n" % (60_000, b"x" * 60_000)
        assert await wire.flood(chunk, 100 * MAX_DISCARDED)
        assert await wire.status() == 413


@pytest.mark.fault("G10")
async def test_a_length_that_promises_too_much_stores_nothing() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(UNFINISHED)
        wire.transport.write_eof()
        assert await wire.is_closed_silently()
    assert parts.intake.calls == []


@pytest.mark.fault("G10")
async def test_a_length_that_promises_too_little_cuts_the_body_there() -> None:
    parts = Parts()
    async with door(parts) as opened:
        wire = await opened.dial()
        await wire.send(GOOD + b"{more}")
        assert await wire.status() == 202
        assert await wire.is_closed_silently()
    assert [call.body for _, call in parts.intake.calls] == [b"{}"]
