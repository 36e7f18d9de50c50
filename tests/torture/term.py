"""SIGTERM under load, with providers that are slow or silent: it always ends, and loses nothing."""

import asyncio
import random
import signal
import time
from dataclasses import dataclass

import apsw

from tests.service import Service
from tests.torture import oracles
from tests.torture.desk import Desk
from tests.torture.endings import open_states, until_ended
from tests.torture.harness import Harness, Job, Size
from tests.torture.providers import Providers, providers

_CONNECTIONS = 8
_MOST = 20 + 10
_MOST_SILENT = 1 + 10
"""Seconds until the end: the grace, and what the last settles, answers and commits get."""

_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a provider behaves, how often SIGTERM is sent, and what must come of it."""

    name: str
    grace: str
    seconds: float
    status: int = 0


# Its replies come while the service stops, or never; or the operator does not wait.
_SLOW = _Kind("slow", "20s", _MOST)
_SILENT = _Kind("silent", "1s", _MOST_SILENT)
_IMPATIENT = _Kind("impatient", "20s", _AT_ONCE, status=1)
_KINDS = (_SLOW, _SILENT, _SLOW, _IMPATIENT)


@dataclass(slots=True)
class _Terms:
    """One service that is ended again and again, and all who deal with it."""

    job: Job
    service: Service
    desk: Desk
    outside: Providers

    async def cycle(self, kind: _Kind, chance: random.Random) -> None:
        """Start it, fill it with work, end it in the midst of that."""
        job, desk, sink = self.job, self.desk, self.outside.sink
        self.service.environment["SHUTDOWN_GRACE"] = kind.grace
        sink.hold()
        await job.start(self.service)
        answered = len(desk.accepted)
        posting = asyncio.ensure_future(desk.post(answered + job.sizes["events"]))
        await desk.until(answered + chance.randrange(1, job.sizes["events"]), posting)
        await sink.wait_for(lambda sink: sink.sends > 0)
        await self._end(kind)
        sink.release()
        await posting
        job.read_log(self.service)
        await sink.wait_for(lambda sink: sink.sends == 0)
        if kind is _SLOW:
            self._judge_slow()

    async def _end(self, kind: _Kind) -> None:
        process = self.service.process
        assert process is not None
        began = time.monotonic()
        try:
            async with asyncio.timeout(kind.seconds):
                process.send_signal(signal.SIGTERM)
                await self._until_it_stops(process)
                if kind is _SLOW:
                    self.outside.sink.release()
                if kind is _IMPATIENT and process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                status = await process.wait()
        except TimeoutError:
            self.job.find("late", f"{kind.name}: it did not end in {kind.seconds:g} s")
            process.kill()
            await process.wait()
            return
        if status != kind.status:
            self.job.find("status", f"{kind.name}: it ended with {status}, not {kind.status}")
        name = f"slowest_{kind.name}_end"
        seconds = round(time.monotonic() - began, 2)
        self.job.figures[name] = max(self.job.figures.get(name, 0), seconds)
        self.job.count("cycles")

    async def _until_it_stops(self, process: asyncio.subprocess.Process) -> None:
        """Return when it has said that it stops, or has ended without a word."""
        said = asyncio.ensure_future(self.service.until_logged("action=service.stopping"))
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({said, ended}, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (said, ended):
            waiting.cancel()
        await asyncio.gather(said, ended, return_exceptions=True)

    def _judge_slow(self) -> None:
        """Every send had the time to land, so that none is found open."""
        path = self.job.folder / "notifier.db"
        opened = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            left = opened.execute("SELECT count(*) FROM batch WHERE state = 'sending'").get
        finally:
            opened.close()
        if left:
            self.job.find("abandoned", f"{left} sends were left open, though replies came in time")


async def _run(job: Job) -> None:
    chance = job.chance
    async with providers(job.seed) as outside:
        service = Service(job.folder, outside.sink.port, SMS_TTL="1m", **outside.settings)
        desk = Desk(job, service, _CONNECTIONS)
        terms = _Terms(job, service, desk, outside)
        try:
            for number in range(job.sizes["cycles"]):
                await terms.cycle(_KINDS[number % len(_KINDS)], chance)
                if number % 20 == 19:
                    job.say(f"{number + 1} ends, {len(desk.accepted)} events accepted")
            await job.start(service)
            await until_ended(job, service, open_states(job.sizes["wait_out"]))
            assert await service.stop() == 0
        finally:
            await service.close()
        oracles.judge(job, job.folder / "notifier.db", desk, outside)


HARNESS = Harness(
    name="sigterm",
    says="SIGTERM under load, with slow and silent providers: it ends in time and loses nothing",
    run=_run,
    sizes={
        "cycles": Size(100, 8, "how often it is ended: slow, silent, slow, impatient"),
        "events": Size(80, 40, "how many webhooks are posted each time"),
        "patience": Size(180, 60, "seconds in which everything ends after the last event"),
        "wait_out": Size(1, 0, "1 waits until what has no answer is tried again or given up"),
    },
    faults={
        **oracles.FAULTS,
        "late": "it did not end within its grace and ten seconds",
        "status": "it ended with another status",
        "abandoned": "sends were left open though their replies came in time",
    },
    reaches={"cycles": "cycles"},
    sabotages=("exit-at-once", "stop-never"),
)
