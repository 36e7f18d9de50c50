"""SIGKILL at random instants under load, some of them while it starts; then all is counted."""

import asyncio
import random
import signal

from tests.service import Service
from tests.torture import oracles
from tests.torture.desk import Desk
from tests.torture.endings import open_states, until_ended
from tests.torture.harness import Harness, Job, Size
from tests.torture.providers import providers

_CONNECTIONS = 16
_WHILE_STARTING = 0.05
_LATEST = 0.6
"""Seconds after which a process that was only just started is killed at the latest."""


async def _run(job: Job) -> None:
    async with providers(job.seed) as outside:
        service = Service(job.folder, outside.sink.port, SMS_TTL="1m", **outside.settings)
        desk = Desk(job, service, _CONNECTIONS)
        try:
            await _kill_again_and_again(job, service, desk)
            await job.start(service)
            await desk.post(job.sizes["events"])
            await until_ended(job, service, open_states(job.sizes["wait_out"]))
            job.read_log(service)
            assert await service.stop() == 0
        finally:
            await service.close()
        oracles.judge(job, job.folder / "notifier.db", desk, outside)


async def _kill_again_and_again(job: Job, service: Service, desk: Desk) -> None:
    chance, kills, events = job.chance, job.sizes["kills"], job.sizes["events"]
    for number in range(kills):
        if chance.random() < _WHILE_STARTING:
            await _kill_while_starting(job, service, chance)
            continue
        await job.start(service)
        # As many more on average as makes `events` of all rounds together.
        share = (events - len(desk.accepted)) / (kills - number)
        target = len(desk.accepted) + int(share * 2 * chance.random())
        posting = asyncio.ensure_future(desk.post(events))
        await desk.until(target, posting)
        await asyncio.sleep(chance.random() * 0.02)
        await service.stop(signal.SIGKILL)
        await posting
        job.read_log(service)
        job.count("kills")
        if number % 25 == 24:
            job.say(f"{number + 1} kills, {len(desk.accepted)} events accepted")


async def _kill_while_starting(job: Job, service: Service, chance: random.Random) -> None:
    starting = asyncio.ensure_future(job.start(service))
    await asyncio.wait({starting}, timeout=chance.random() * _LATEST)
    if service.process is not None and service.process.returncode is None:
        service.process.kill()
        await service.process.wait()
    # As a rule it ended before it was ready, which is what was wanted.
    await asyncio.gather(starting, return_exceptions=True)
    if service.process is not None and service.process.returncode is None:
        await service.stop(signal.SIGKILL)
    job.count("kills")
    job.count("kills_while_starting")


HARNESS = Harness(
    name="kill",
    says="SIGKILL at random instants under load: nothing lost, nothing stuck, repeats explained",
    run=_run,
    sizes={
        "kills": Size(500, 12, "how often the process is killed"),
        "events": Size(100_000, 1_500, "how many webhooks are accepted altogether"),
        "patience": Size(180, 60, "seconds in which everything ends after the last event"),
        "wait_out": Size(1, 0, "1 waits until what has no answer is tried again or given up"),
    },
    faults=oracles.FAULTS,
    reaches={"kills": "kills", "accepted": "events"},
    sabotages=(
        "answer-before-the-commit",
        "forget-what-was-interrupted",
        "repeat-with-other-bytes",
    ),
)
