"""SIGTERM and what it leaves behind."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.service import Service, assigned, running
from tests.smtp_sink import SmtpSink


@pytest.mark.fault("A5")
async def test_sigterm_lets_sends_in_flight_finish_and_exits_0(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        sink.hold()
        answer = await service.post(assigned(1, "john@example.com"), "one")
        await sink.wait_for(lambda sink: sink.sends == 1)
        stopping = asyncio.ensure_future(service.stop(signal.SIGTERM))
        await service.until_logged("action=service.stopping")
        ready = await service.client.get(f"{service.url}/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "stopping")
        late = await service.post(assigned(2, "jane@example.com"), "two")
        assert late.status_code == 202, "what comes meanwhile is kept for the next start"
        sink.release()
        assert await stopping == 0
        assert len(sink.taken) == 1
        await service.start()
        posted = [answer, late]
        ended = await service.until_ended([one.json()["deliveries"][0]["id"] for one in posted])
        assert [one["state"] for one in ended] == ["sent", "sent"]
        assert sorted(mail.to for mail in sink.taken) == ["jane@example.com", "john@example.com"]


@pytest.mark.fault("A6")
async def test_sigterm_with_a_silent_server_exits_0_at_the_end_of_its_grace(
    tmp_path: Path,
) -> None:
    async with (
        SmtpSink() as sink,
        running(tmp_path, sink.port, SHUTDOWN_GRACE="1s") as service,
    ):
        sink.hold()
        answer = await service.post(assigned(1, "john@example.com"), "one")
        await sink.wait_for(lambda sink: sink.sends == 1)
        assert await service.stop(signal.SIGTERM) == 0
        await service.start()
        detail = await service.get(f"/v1/deliveries/{answer.json()['deliveries'][0]['id']}")
        assert detail["state"] == "unknown"
        assert [attempt["outcome"] for attempt in detail["attempts"]] == ["unknown"]


@pytest.mark.fault("A6")
async def test_a_second_sigterm_exits_1_at_once_and_keeps_the_promises(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port)
        try:
            await service.start()
            sink.hold()
            answer = await service.post(assigned(1, "john@example.com"), "one")
            await sink.wait_for(lambda sink: sink.sends == 1)
            assert service.process is not None
            service.process.send_signal(signal.SIGTERM)
            await service.until_logged("action=service.stopping")
            assert await service.stop(signal.SIGTERM) == 1
            sink.release()
            await sink.wait_for(lambda sink: sink.sends == 0)
            await service.start()
            (ended,) = await service.until_ended([answer.json()["deliveries"][0]["id"]])
        finally:
            await service.close()
    assert ended["state"] == "sent"
    assert len({(mail.message_id, mail.digest) for mail in sink.taken}) == 1


async def test_sigint_does_the_same(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        assert await service.stop(signal.SIGINT) == 0
