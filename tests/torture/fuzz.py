"""Door fuzzing: mutated calls by the thousand, and not one 5xx, traceback, leak or silence."""

import asyncio
import contextlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.openapi_check import Mismatch, repository_checker
from tests.service import Service
from tests.smtp_sink import SmtpSink, Taken
from tests.torture import process
from tests.torture.fuzz_calls import Calls, Case
from tests.torture.harness import Harness, Job, Size

_CONNECTIONS = 12
_WAIT = 30
_CHECKED = 0.02
"""The share of answers that is held against openapi.yaml."""

_SAMPLES = 40
_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")
_SAID = re.compile(rb'"status": ?"([a-z]+)"')
_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n")


class Counting(SmtpSink):
    """Takes mails and keeps none."""

    def keep(self, mail: Taken) -> None:
        """Mails by the hundred thousand are not kept."""


class _HungUp(Exception):
    """This connection carries no more calls."""


@dataclass(slots=True)
class _Fuzz:
    job: Job
    service: Service
    cases: Iterator[Case]
    chance: random.Random
    left: int

    async def connection(self) -> None:
        while self.left > 0:
            # Where nobody listens any more, this ends the run.
            reader, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
            with contextlib.suppress(_HungUp):
                await self._talk(reader, writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while self.left > 0:
                self.left -= 1
                self.job.count("calls")
                case = next(self.cases)
                writer.write(case.raw)
                if case.alone:
                    await self._until_closed(case, reader, writer)
                    return
                await self._answer(case, reader)
        finally:
            writer.close()

    async def _until_closed(
        self, case: Case, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Whoever says no more is answered, or hung up on; either way the connection ends."""
        try:
            writer.write_eof()
            async with asyncio.timeout(_WAIT):
                said = await reader.read()
        except ConnectionError:
            # Hung up before it had read all.
            self.job.count(f"{case.kind}_reset")
            return
        except TimeoutError:
            self.job.find("silent", f"after {case.raw[:300]!r} the connection stays open")
            return
        for status in _STATUS.findall(said):
            self._judge(case, int(status))

    async def _answer(self, case: Case, reader: asyncio.StreamReader) -> None:
        try:
            async with asyncio.timeout(_WAIT):
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
        except (OSError, EOFError) as error:
            self.job.find("silent", f"{type(error).__name__} after {case.raw[:300]!r}")
            raise _HungUp from None
        status = int(head[9:12])
        self._judge(case, status)
        if status < 300 and (said := _SAID.search(body)):
            self.job.count(said[1].decode())
        if self.chance.random() < _CHECKED:
            self._check(case, status, head, body)
        if b"\r\nconnection: close" in head:
            raise _HungUp

    def _judge(self, case: Case, status: int) -> None:
        self.job.count(f"{case.kind}_{status}")
        if status >= 500:
            self.job.find("failed", f"{status} to {case.kind}: {case.raw[:400]!r}")
        elif status not in case.may_be:
            self.job.find("wrong", f"{status} to {case.kind}: {case.raw[:400]!r}")

    def _check(self, case: Case, status: int, head: bytes, body: bytes) -> None:
        lines = [line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:] if line]
        headers = {name: value for name, _, value in lines}
        self.job.count("checked")
        try:
            repository_checker().check("POST", case.where, status, headers, body)
        except Mismatch as error:
            self.job.find("undocumented", f"{status} of {case.where}: {error}")


async def _run(job: Job) -> None:
    async with Counting() as sink:
        service = Service(job.folder, sink.port, RATE_LIMIT_EMAIL="", SMTP_MAX_CONNECTIONS="8")
        try:
            await job.start(service)
            await hammer(job, service, iter(Calls(random.Random(f"cases {job.seed}"))))
            assert await service.stop() == 0
        finally:
            await service.close()


async def hammer(job: Job, service: Service, cases: Iterator[Case]) -> None:
    """Make as many calls as asked for, and look for all that may never come of them.

    The service lives on; the sizes of the job are `calls` and `growth_kib`.
    """
    assert service.process is not None
    calls, pid, memory = job.sizes["calls"], service.process.pid, list[int]()
    before = process.open_files(pid)
    fuzz = _Fuzz(job, service, cases, job.chance, 0)
    for number in range(_SAMPLES):
        fuzz.left = calls * (number + 1) // _SAMPLES - calls * number // _SAMPLES
        await asyncio.gather(*(fuzz.connection() for _ in range(_CONNECTIONS)))
        memory.append(process.resident(pid))
        job.read_log(service)
        # Read, and not kept: the log of all calls would be large.
        service.lines.clear()
        if number % 5 == 4:
            job.say(f"{job.figures['calls']:g} calls, {memory[-1]} KiB")
    files = process.open_files(pid)
    _judge_growth(job, memory)
    # A connection that we closed may not be closed on the other side yet.
    if files > before + 2 * _CONNECTIONS:
        job.find("leaking", f"{files} files are open at the end, {before} were at the start")
    live = await service.client.get(f"{service.url}/health/live")
    assert live.status_code == 200, "it does not live any more"
    job.read_log(service)


def _judge_growth(job: Job, memory: list[int]) -> None:
    """Compare the last quarter with the second one; the first is spent on warming up."""
    quarter = len(memory) // 4
    settled, last = max(memory[quarter : 2 * quarter]), min(memory[-quarter:])
    job.figures |= {"memory_kib_settled": settled, "memory_kib_last": last}
    most = job.sizes["growth_kib"]
    if last - settled > most:
        job.find("leaking", f"memory grew from {settled} to {last} KiB; at most {most} may be")


FAULTS = {
    "failed": "a call was answered 5xx",
    "wrong": "a call was answered as none of its kind may be",
    "silent": "a call was never answered",
    "undocumented": "an answer is not as openapi.yaml says",
    "leaking": "memory or open files grow",
}
"""What `hammer` looks for."""

HARNESS = Harness(
    name="fuzz",
    says="mutated calls at the door: no 5xx, no traceback, no silence, and memory stays flat",
    run=_run,
    sizes={
        "calls": Size(300_000, 4_000, "how many calls are made"),
        "growth_kib": Size(8_192, 32_768, "how much memory may grow from the second quarter on"),
    },
    faults=FAULTS,
    reaches={"calls": "calls"},
    sabotages=("raise-at-bad-signatures", "keep-every-body"),
)
