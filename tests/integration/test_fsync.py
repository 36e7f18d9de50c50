"""202 means synced: seen from outside by strace, and from inside by a shim under SQLite."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from notifier.sources.signatures import sign
from tests.integration import write_trace
from tests.integration.lacking import without
from tests.integration.shimmed_service import LOG
from tests.integration.write_trace import Step, judge
from tests.service import SECRET, Service, assigned
from tests.smtp_sink import SmtpSink

CALLERS = 64
ROUNDS = 10


def _strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(
        [*write_trace.STRACE, os.devnull, "true"], capture_output=True, timeout=60, check=False
    )
    return tried.returncode == 0 and b"strace:" not in tried.stderr


def _observers() -> list[str]:
    """Give who watches: strace too where it may trace; tests/set-up has installed it."""
    return ["strace", "shim"] if sys.platform == "linux" and _strace_works() else ["shim"]


class Caller:
    """A help desk on one kept connection; it writes at once and reads later."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, service: Service) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", service.port))

    def post(self, number: int) -> None:
        key, now = f"call-{number:05d}", int(time.time())
        body = json.dumps(assigned(number, f"p{number}@example.com")).encode()
        head = (
            "POST /webhooks HTTP/1.1\r\nhost: notifier.example.com\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            f"webhook-id: {key}\r\nwebhook-timestamp: {now}\r\n"
            f"webhook-signature: {sign(SECRET, key, now, body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)

    async def accepted(self) -> str:
        """Give the id of the event that was accepted."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 202 "), head
        length = head.split("content-length: ")[1].split("\r\n")[0]
        event: str = json.loads(await self._reader.readexactly(int(length)))["event_id"]
        return event

    def hang_up(self) -> None:
        self._writer.close()


async def _call(service: Service) -> dict[str, str]:
    """Let all callers post at the same time, again and again; give calls by their events."""
    calls: dict[str, str] = {}
    callers = [await Caller.to(service) for _ in range(CALLERS)]
    for first in range(0, ROUNDS * CALLERS, CALLERS):
        for number, caller in enumerate(callers, first):
            caller.post(number)
        for number, caller in enumerate(callers, first):
            calls[await caller.accepted()] = f"call-{number:05d}"
    for caller in callers:
        caller.hang_up()
    return calls


async def _observed(observer: str, folder: Path) -> tuple[list[Step], dict[str, str]]:
    trace = folder / "trace"
    async with SmtpSink() as sink:
        # No mail is settled meanwhile, so that every sync is one of calls.
        sink.hold()
        service = Service(folder, sink.port, SHUTDOWN_GRACE="0s")
        try:
            if observer == "strace":
                await service.start(*write_trace.STRACE, str(trace))
            else:
                service.environment[LOG] = str(trace)
                # Only the standard loop writes through Python's own sockets.
                service.environment["PYTHONPATH"] = without(folder / "python", "uvloop")
                await service.start(module="tests.integration.shimmed_service")
            calls = await _call(service)
            assert await service.stop() == 0
        finally:
            await service.close()
    read = write_trace.from_strace if observer == "strace" else write_trace.from_shim
    return list(read(trace)), calls


@pytest.mark.fault("C8")
@pytest.mark.parametrize("observer", _observers())
async def test_every_202_follows_the_sync_of_its_row_and_syncs_are_shared(
    observer: str, tmp_path: Path
) -> None:
    steps, calls = await _observed(observer, tmp_path)
    verdict = judge(steps, calls)
    assert len(set(calls.values())) == CALLERS * ROUNDS
    assert set(verdict.answered) == set(calls.values())
    assert verdict.too_early() == []
    assert 0 < verdict.syncs_of_calls() < len(calls) / 2


HEAD, COMMIT = Step("2", "page", "wal", bytes(24)), Step("2", "page", "wal", b"\1" * 24)
PAGE, OTHER = (Step("2", "page", "wal", text) for text in (b"..call-00001..", b"...."))
BEGUN, DONE = (Step("2", what, "wal", b"") for what in ("sync-begun", "sync-done"))
ANSWER = Step("1", "answer", "socket:[1]", b'HTTP/1.1 202 Accepted\r\n\r\n{"event_id":"evt_1"}')


@pytest.mark.parametrize(
    ("steps", "early"),
    [
        ([HEAD, PAGE, COMMIT, OTHER, BEGUN, DONE, ANSWER], False),
        ([HEAD, PAGE, COMMIT, OTHER, BEGUN, ANSWER, DONE], True),
        ([HEAD, PAGE, COMMIT, OTHER, ANSWER, BEGUN, DONE], True),
        ([HEAD, PAGE, BEGUN, COMMIT, OTHER, DONE, ANSWER], True),
        ([HEAD, PAGE, BEGUN, DONE, ANSWER], True),
        ([BEGUN, DONE, COMMIT, PAGE, ANSWER], True),
    ],
    ids=["synced", "while it syncs", "before it", "later commit", "no commit", "never"],
)
def test_the_verdict_knows_an_answer_that_came_too_early(steps: list[Step], early: bool) -> None:
    assert judge(steps, {"evt_1": "call-00001"}).too_early() == ["call-00001"] * early
