"""Who watches what a service writes: strace from outside, a shim under SQLite from inside.

Takes a service that does not run yet, gives how to start it so that it is watched, and then what
was seen.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tests.integration import shimmed_service, write_trace
from tests.integration.lacking import without
from tests.integration.write_trace import STRACE, Step
from tests.service import Service


class Observer(Protocol):
    """Writes what it sees into a file."""

    def under(self, service: Service, trace: Path) -> tuple[tuple[str, ...], str]:
        """Give the command to start it under, and the module to start."""
        ...

    def read(self, trace: Path) -> Iterator[Step]:
        """Give what was seen, in its order."""
        ...


class Strace:
    """Sees system calls."""

    def under(self, service: Service, trace: Path) -> tuple[tuple[str, ...], str]:
        return (*STRACE, str(trace)), "notifier"

    def read(self, trace: Path) -> Iterator[Step]:
        return write_trace.from_strace(trace)


class Shim:
    """Sees what SQLite asks of its files, and what Python writes to its sockets."""

    def under(self, service: Service, trace: Path) -> tuple[tuple[str, ...], str]:
        service.environment[shimmed_service.LOG] = str(trace)
        # Only the standard loop writes through Python's own sockets.
        service.environment["PYTHONPATH"] = without(trace.with_suffix(".python"), "uvloop")
        return (), "tests.integration.shimmed_service"

    def read(self, trace: Path) -> Iterator[Step]:
        return write_trace.from_shim(trace)


def observers() -> list[Observer]:
    """Give who can watch: strace first where it may trace; tests/set-up has installed it."""
    return [Strace(), Shim()] if sys.platform == "linux" and _strace_works() else [Shim()]


def _strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    tried = subprocess.run(
        [*STRACE, os.devnull, "true"], capture_output=True, timeout=60, check=False
    )
    return tried.returncode == 0 and b"strace:" not in tried.stderr
