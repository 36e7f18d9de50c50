"""Faults of system calls in a process that runs: by strace from outside, or by the shim inside.

Both break writes to the log of the store, or its syncs, until they are told to stop.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from tests.integration import faulty_service
from tests.service import Service

FAULTS = {
    "full-once": "pwrite64:error=ENOSPC:when=1",
    "unsynced": "fdatasync:error=EIO",
    "readonly": "pwrite64:error=EROFS",
}
"""What the shim calls a fault, and how strace makes it."""


class Breaker(Protocol):
    """Starts a service whose disk can be broken."""

    async def start(self, service: Service) -> None: ...

    @asynccontextmanager
    def broken(self, service: Service, fault: str) -> AsyncIterator[None]: ...


class Strace:
    """Attaches to the running process."""

    async def start(self, service: Service) -> None:
        await service.start()

    @asynccontextmanager
    async def broken(self, service: Service, fault: str) -> AsyncIterator[None]:
        assert service.process is not None
        call = FAULTS[fault].partition(":")[0]
        tracer = await asyncio.create_subprocess_exec(
            *("strace", "-f", "-o", os.devnull, "-e", f"trace={call}"),
            *("-e", f"inject={FAULTS[fault]}", "-p", str(service.process.pid)),
            stderr=asyncio.subprocess.PIPE,
        )
        assert tracer.stderr is not None
        line = await asyncio.wait_for(tracer.stderr.readline(), 60)
        assert b"attached" in line, line
        try:
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            await tracer.communicate()


class Shim:
    """Asks the shim under SQLite."""

    async def start(self, service: Service) -> None:
        (service.folder / "faults").mkdir()
        service.environment[faulty_service.FAULTS] = str(service.folder / "faults")
        await service.start(module="tests.integration.faulty_service")

    @asynccontextmanager
    async def broken(self, service: Service, fault: str) -> AsyncIterator[None]:
        file = service.folder / "faults" / fault
        file.touch()
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def can_attach() -> bool:
    """Tell whether a process that was started elsewhere may be traced here."""
    strace, sleep = shutil.which("strace"), shutil.which("sleep")
    if sys.platform != "linux" or strace is None or sleep is None:
        return False
    with subprocess.Popen([sleep, "60"]) as sleeper:
        try:
            # It ends at once, because what it traces does.
            tracer = subprocess.Popen(
                [strace, "-o", os.devnull, "-p", str(sleeper.pid)], stderr=subprocess.PIPE
            )
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
        finally:
            sleeper.kill()
        tracer.communicate(timeout=60)
    return b"attached" in said


def breakers() -> list[Breaker]:
    """Give those that can be had here; tests/set-up has installed strace."""
    return [Strace(), Shim()] if can_attach() else [Shim()]
