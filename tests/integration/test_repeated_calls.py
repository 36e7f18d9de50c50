"""The same call again: at once from many sides, and later from somebody who recorded it."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from notifier.sources.signatures import sign
from tests.service import SECRET, Service, assigned, running
from tests.smtp_sink import SmtpSink

COPIES = 100
TOLERANCE = 300


@pytest.mark.fault("G1")
async def test_a_hundred_copies_at_once_are_one_event_and_one_mail(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        event = assigned(1, "john@example.com")
        answers = await asyncio.gather(*(service.post(event, "call-1") for _ in range(COPIES)))
        assert sorted(one.status_code for one in answers) == [200] * (COPIES - 1) + [202]
        assert len({one.json()["event_id"] for one in answers}) == 1
        (told,) = answers[0].json()["deliveries"]
        await service.until_ended([told["id"]])
        assert len((await service.get("/v1/events"))["items"]) == 1
        assert len(sink.taken) == 1


async def _play(service: Service, signed_at: int) -> int:
    body = json.dumps(assigned(1, "john@example.com")).encode()
    headers = {
        "content-type": "application/json",
        "webhook-id": "call-1",
        "webhook-timestamp": str(signed_at),
        "webhook-signature": sign(SECRET, "call-1", signed_at, body),
    }
    answer = await service.client.post(f"{service.url}/webhooks", content=body, headers=headers)
    return answer.status_code


@pytest.mark.fault("G3")
async def test_a_recorded_call_is_a_duplicate_and_later_stale(tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port) as service:
        now = int(time.time())
        fresh = now - TOLERANCE + 60
        assert [await _play(service, fresh) for _ in range(2)] == [202, 200]
        assert await _play(service, now - TOLERANCE - 1) == 401
        line = await service.until_logged("s old")
        assert "action=webhook." in line
        assert await _play(service, now) == 200, "the id is remembered for longer"
