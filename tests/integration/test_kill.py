"""SIGKILL at random instants, under load, with many sends open: nothing accepted is lost."""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink

KILLS = 20
EVENTS = 24
OPEN = 10
SEED = 20261123


@pytest.mark.fault("A1")
@pytest.mark.timeout(600)
async def test_a_killed_process_loses_nothing_and_explains_every_repeat(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    accepted: dict[str, str] = {}
    async with SmtpSink() as sink:
        # Without limits: a mail interrupted five times in a minute would wait for the next one.
        service = Service(tmp_path, sink.port, SMTP_MAX_CONNECTIONS="12", RATE_LIMIT_EMAIL="")
        try:
            for round_number in range(KILLS):
                sink.hold()
                await service.start()
                posting = [
                    asyncio.ensure_future(_post(service, round_number * EVENTS + n, accepted))
                    for n in range(EVENTS)
                ]
                await sink.wait_for(lambda sink: sink.sends >= OPEN)
                for _ in range(chance.randrange(40)):
                    await asyncio.sleep(0)
                await service.stop(signal.SIGKILL)
                await asyncio.gather(*posting)
                sink.release()
                await sink.wait_for(lambda sink: sink.sends == 0)
            await service.start()
            ended = await service.until_ended(list(accepted.values()))
            attempts = {one["id"]: await _attempts(service, one["id"]) for one in ended}
        finally:
            await service.close()
    assert len(ended) == len(accepted) >= KILLS * OPEN
    assert {one["state"] for one in ended} == {"sent"}
    arrived = Counter(mail.to for mail in sink.taken)
    for one in ended:
        tries = attempts[one["id"]]
        assert 1 <= arrived[one["recipient"]] <= len(tries), "each submission has its attempt"
        assert {outcome for outcome, _ in tries} <= {"sent", "interrupted"}
    for to in arrived:
        same = {(mail.message_id, mail.digest) for mail in sink.taken if mail.to == to}
        assert len(same) == 1, "a repeated mail has the same bytes"


async def _post(service: Service, number: int, accepted: dict[str, str]) -> None:
    try:
        answer = await service.post(assigned(number, f"p{number}@example.com"), f"call-{number}")
    except httpx2.TransportError:
        # Killed before the answer: the help desk knows nothing, and may post it again.
        return
    assert answer.status_code == httpx2.codes.ACCEPTED
    (delivery,) = answer.json()["deliveries"]
    accepted[f"call-{number}"] = delivery["id"]


async def _attempts(service: Service, delivery: str) -> list[tuple[str, str]]:
    detail = await service.get(f"/v1/deliveries/{delivery}")
    return [(attempt["outcome"], attempt["phase"]) for attempt in detail["attempts"]]
