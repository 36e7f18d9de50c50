"""A process that dies where it hurts most, or that gets no memory and no descriptors."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration import faulty_service
from tests.service import Service, assigned, running
from tests.smtp_sink import SmtpSink

PHONE = "+14155550123"
TWILIO = {
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "+14155550100",
}

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits a process that already runs"
)


@dataclass
class SilentApi:
    """Twilio's API, which takes whatever is posted and holds back its answer."""

    posts: int = 0
    port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"POST "), head
            self.posts += 1
            self.changed.set()
            await reader.read()
        writer.close()


@asynccontextmanager
async def silent_api() -> AsyncIterator[SilentApi]:
    api = SilentApi()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.port = server.sockets[0].getsockname()[1]
    try:
        yield api
    finally:
        server.close()


@asynccontextmanager
async def with_phone(folder: Path, smtp_port: int) -> AsyncIterator[tuple[Service, SilentApi]]:
    async with silent_api() as api:
        base = f"http://127.0.0.1:{api.port}"
        async with running(folder, smtp_port, TWILIO_API_BASE=base, **TWILIO) as service:
            yield service, api


def told_by_text() -> dict[str, Any]:
    event = assigned(1, "john@example.com")
    event["data"]["assignee"] |= {"phone": PHONE}
    return event


@pytest.mark.fault("A2")
async def test_killed_after_the_provider_accepted_a_mail_goes_again_and_a_text_does_not(
    tmp_path: Path,
) -> None:
    async with SmtpSink() as sink, with_phone(tmp_path, sink.port) as (service, api):
        sink.hold()
        posted = await service.post(told_by_text(), "call-1")
        assert posted.status_code == 202
        await sink.wait_for(lambda sink: sink.sends == 1)
        await asyncio.wait_for(api.changed.wait(), 60)
        assert await service.stop(signal.SIGKILL) == -signal.SIGKILL
        sink.release()
        await service.start()
        by_channel = {one["channel"]: one["id"] for one in posted.json()["deliveries"]}
        (mail,) = await service.until_ended([by_channel["email"]])
        assert mail["state"] == "sent"
        assert len(sink.taken) == 2
        assert len({(one.message_id, one.digest) for one in sink.taken}) == 1
        text = await service.get(f"/v1/deliveries/{by_channel['sms']}")
        assert text["state"] == "unknown"
        assert [one["outcome"] for one in text["attempts"]] == ["interrupted"]
        assert api.posts == 1


@pytest.mark.fault("A3")
async def test_killed_between_commit_and_answer_the_repeated_call_is_a_duplicate(
    tmp_path: Path,
) -> None:
    faults = tmp_path / "faults"
    faults.mkdir()
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port, **{faulty_service.FAULTS: str(faults)})
        try:
            await service.start(module="tests.integration.faulty_service")
            # The first sync of all is that of the log's header, before any commit.
            first = await service.post(assigned(0, "jane@example.com"), "call-0")
            await service.until_ended([first.json()["deliveries"][0]["id"]])
            (faults / "dies").touch()
            with pytest.raises(httpx2.TransportError):
                await service.post(assigned(1, "john@example.com"), "call-1")
            assert await service.ended() == -signal.SIGKILL
            assert [mail.to for mail in sink.taken] == ["jane@example.com"]
            (faults / "dies").unlink()
            await service.start()
            repeated = await service.post(assigned(1, "john@example.com"), "call-1")
            assert (repeated.status_code, repeated.json()["status"]) == (200, "duplicate")
            (told,) = repeated.json()["deliveries"]
            (ended,) = await service.until_ended([told["id"]])
            assert ended["state"] == "sent"
            assert [mail.to for mail in sink.taken[1:]] == ["john@example.com"]
        finally:
            await service.close()


def _memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmSize:")]
    return int(line.split()[1]) * 1024


async def _tried(service: Service, number: int) -> str | None:
    """Post a large event; give its delivery if it was accepted."""
    event = assigned(number, f"p{number}@example.com", history="x" * 200_000)
    try:
        answer = await service.post(event, f"call-{number}")
    except httpx2.TransportError:
        return None
    if answer.status_code != 202:
        return None
    delivery: str = answer.json()["deliveries"][0]["id"]
    return delivery


@pytest.mark.fault("A11")
@on_linux
async def test_without_memory_what_was_accepted_is_kept(tmp_path: Path) -> None:
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port, RATE_LIMIT_EMAIL="")
        try:
            await service.start()
            first = await _tried(service, 0)
            assert first is not None
            assert service.process is not None
            most = _memory(service.process.pid)
            resource.prlimit(service.process.pid, resource.RLIMIT_AS, (most, most))
            kept = [first, *await asyncio.gather(*(_tried(service, n) for n in range(1, 60)))]
            assert None in kept, "memory never ran out"
            # What the kernel does when a process asks for too much.
            with contextlib.suppress(ProcessLookupError):
                service.process.kill()
            await service.ended()
            await service.start()
            accepted = [one for one in kept if one is not None]
            ended = await service.until_ended(accepted)
            assert {one["state"] for one in ended} == {"sent"}
            assert len(ended) == len(accepted)
            assert {one["recipient"] for one in ended} <= {mail.to for mail in sink.taken}
        finally:
            await service.close()


@pytest.mark.fault("A12")
@on_linux
async def test_without_descriptors_mails_are_settled_and_calls_are_taken_again(
    tmp_path: Path,
) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        sink.hold()
        posted = await service.post(assigned(1, "john@example.com"), "call-1")
        await sink.wait_for(lambda sink: sink.sends == 1)
        assert service.process is not None
        pid = service.process.pid
        most = len(os.listdir(f"/proc/{pid}/fd")) + 3
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        callers = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(20)]
        # For whom no descriptor is left, the event loop hangs up on.
        reads = [asyncio.ensure_future(reader.read()) for reader, _ in callers]
        await asyncio.wait(reads, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        assert len(os.listdir(f"/proc/{pid}/fd")) == most
        sink.release()
        await service.until_logged("action=delivery.sent")
        for _, writer in callers:
            writer.close()
        await asyncio.gather(*reads, return_exceptions=True)
        late = await _until_taken(service)
        ids = [answer.json()["deliveries"][0]["id"] for answer in (posted, late)]
        ended = await service.until_ended(ids)
        assert [one["state"] for one in ended] == ["sent", "sent"]
        assert len(sink.taken) == 2
        assert await service.stop() == 0


async def _until_taken(service: Service) -> httpx2.Response:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(httpx2.TransportError):
                answer = await service.post(assigned(2, "jane@example.com"), "call-2")
                if answer.status_code != 503:
                    return answer
