"""Clock jumps: the wall clock leaps about, and nothing is lost, late, early or dated wrongly.

The service is killed and started now and then while the clock is right again.
"""

import asyncio
import random
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from notifier.model import ids
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink, Taken
from tests.torture.harness import Harness, Job, Size
from tests.torture.wall_clock import WallClock

_JUMPS = (3600, 86_400, -7200, 0)
_RIGHT = 0

_LIMIT, _WINDOW = 3, 1.0
_PEOPLE = 4
_EACH = 5
"""So many notices each person gets at a time: more than the limit, so that some must wait."""

_SKEW = 0.02
"""Seconds by which two clocks that tick alike may disagree about one window."""

_LATE = 15
"""Seconds within which everything is told; the limiter holds it for one."""

_WRONG_BY = 60_000
"""Milliseconds by which a stamp may differ from the right time while it was made."""


class Watching(SmtpSink):
    """Notes when each mail arrived."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: dict[str, list[float]] = defaultdict(list)

    def keep(self, mail: Taken) -> None:
        """Mails are noted, and not kept."""
        self.arrived[mail.to].append(time.monotonic())


@dataclass(slots=True)
class _Days:
    """A service under a clock that somebody plays with."""

    job: Job
    service: Service
    clock: WallClock
    module: str
    chance: random.Random
    accepted: dict[str, str] = field(default_factory=dict)

    async def jump(self, number: int) -> None:
        """Set the clock while notices are on their way, then wait until they are told."""
        seconds = self.chance.choice(_JUMPS)
        first = asyncio.ensure_future(self._post(number, 0))
        self.clock.set(seconds)
        self.job.count(f"jumps_of_{seconds}")
        self.job.count("jumps")
        await first
        await self._post(number, 1)
        await self._until_told(f"after a jump to {seconds:+d} s")

    async def restart(self) -> None:
        """Kill it and start it again, at the right time."""
        await self.service.stop(signal.SIGKILL)
        self.job.read_log(self.service)
        self.clock.set(_RIGHT)
        await self.job.start(self.service, module=self.module)
        self.job.count("restarts")

    async def _post(self, number: int, part: int) -> None:
        for one in range(_EACH):
            for who in range(_PEOPLE):
                key = f"call-{number}-{part}-{one}-{who}"
                event = assigned(len(self.accepted) + 1, f"p{who}@example.com")
                answer = await self.service.post(event, key)
                if answer.status_code == 202:
                    self.accepted[key] = answer.json()["event_id"]
                else:
                    said = answer.text[:200]
                    self.job.find("refused", f"{key} was answered {answer.status_code}: {said}")

    async def _until_told(self, when: str) -> None:
        states = ["pending", "sending", "unknown"]
        try:
            async with asyncio.timeout(_LATE):
                while True:
                    if not (await self.service.get("/v1/deliveries", state=states))["items"]:
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self.job.find("late", f"{when} something still waits after {_LATE} s")


async def _run(job: Job) -> None:
    began = _now()
    async with Watching() as sink:
        service = Service(job.folder, sink.port, RATE_LIMIT_EMAIL=f"{_LIMIT}/1s")
        clock = WallClock(job.folder)
        job.say(f"the clock is set by {clock.name}")
        days = _Days(job, service, clock, clock.under(service), job.chance)
        try:
            await job.start(service, module=days.module)
            await _play(job, days)
            job.read_log(service)
            assert await service.stop() == 0
        finally:
            await service.close()
        _judge_bursts(job, sink)
        _judge_rows(job, days, (began - _WRONG_BY, _now() + _WRONG_BY))


async def _play(job: Job, days: _Days) -> None:
    every = max(job.sizes["jumps"] // max(job.sizes["restarts"], 1), 1)
    for number in range(1, job.sizes["jumps"] + 1):
        await days.jump(number)
        if number % every == 0 and job.figures.get("restarts", 0) < job.sizes["restarts"]:
            await days.restart()
        if number % 20 == 0:
            job.say(f"{number} jumps")


def _now() -> int:
    return time.time_ns() // 1_000_000


def _judge_bursts(job: Job, sink: Watching) -> None:
    """Of any mails that follow one another, the last is a window later than the limit allows."""
    for to, times in sink.arrived.items():
        job.count("mails", len(times))
        for first, last in zip(times, times[_LIMIT:], strict=False):
            if last - first < _WINDOW - _SKEW:
                job.find("burst", f"{_LIMIT + 1} mails to {to} in {last - first:.3f} s")


def _judge_rows(job: Job, days: _Days, right: tuple[int, int]) -> None:
    opened = apsw.Connection(str(Path(job.folder) / "notifier.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        stored = {
            key: ids.public("evt", number)
            for number, key in opened.execute("SELECT id, webhook_id FROM event")
        }
        for key, event in days.accepted.items():
            if stored.get(key) != event:
                job.find("lost", f"{key} was answered 202 and is not in the store")
        for fault in _wrong_times(opened, right):
            job.find("wrong_time", fault)
        untold = opened.execute("SELECT count(*) FROM delivery WHERE state <> 'sent'").get
        if untold:
            job.find("lost", f"{untold} deliveries were not sent")
    finally:
        opened.close()
    job.figures["accepted"] = len(days.accepted)


def _wrong_times(opened: apsw.Connection, right: tuple[int, int]) -> Iterator[str]:
    rows = opened.execute(
        "SELECT id, created_at, due_at, updated_at, finished_at FROM delivery ORDER BY id"
    )
    for number, *stamps in rows:
        known = [stamp for stamp in stamps if stamp is not None]
        if not all(right[0] <= stamp <= right[1] for stamp in known):
            yield f"{ids.public('dlv', number)} has the times {stamps}"
        created, _, updated, finished = stamps
        if not created <= updated <= (finished or updated):
            yield f"{ids.public('dlv', number)} goes backwards: {stamps}"
    for batch, started, ended in opened.execute(
        "SELECT batch_id, started_at, ended_at FROM attempt"
    ):
        if not right[0] <= started <= (ended or started) <= right[1]:
            yield f"an attempt of {ids.public('bat', batch)} lasts from {started} to {ended}"


HARNESS = Harness(
    name="clock",
    says="the wall clock leaps: nothing is refused, lost, late, sent in a burst or dated wrongly",
    run=_run,
    sizes={
        "jumps": Size(100, 6, "how often the clock is set, by an hour, a day, two hours back"),
        "restarts": Size(10, 1, "how often the process is killed and started meanwhile"),
    },
    faults={
        "refused": "an honest call was refused",
        "late": "something was told too late",
        "lost": "something was accepted and not told",
        "burst": "more was sent to somebody than the limit allows",
        "wrong_time": "a row has a time at which it did not happen, or goes backwards",
    },
    reaches={"jumps": "jumps", "restarts": "restarts"},
    sabotages=("believe-the-wall-clock",),
)
