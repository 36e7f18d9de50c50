"""Processes under measurement: started on one processor, watched through /proc, ended.

Takes a command, gives the processor time and memory of its whole tree. Refuses
(BenchError) a process that ends early or does not answer in time.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVICE_CPU = 0
LOAD_CPU = 1

_PINNED = Path(__file__).with_name("pinned.py")
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


class BenchError(Exception):
    """A side that cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where, and with which environment besides PATH."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    cpu: int = SERVICE_CPU


class Process:
    """A running command with its descendants."""

    def __init__(self, command: Command) -> None:
        """Start it, in a session of its own."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(command.folder)}
        self.log = command.folder / f"{Path(command.words[0]).name}.{time.monotonic_ns()}.log"
        self._output = self.log.open("wb")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(_PINNED), str(command.cpu), *command.words],
            cwd=command.folder,
            env={**environment, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_for_port(self, port: int) -> None:
        """Return when somebody listens on a port of this machine."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            self._must_run()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.02)
        raise BenchError(f"nobody listens on port {port} after {_START_SECONDS:g} s")

    def wait_for_line(self, text: str) -> None:
        """Return when the process has printed `text`."""
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            self._must_run()
            if text.encode() in self.log.read_bytes():
                return
            time.sleep(0.02)
        raise BenchError(f"{text!r} was not printed within {_START_SECONDS:g} s")

    def _must_run(self) -> None:
        if self._process.poll() is not None:
            said = self.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise BenchError("ended early: " + " / ".join(said))

    def wait(self, seconds: float) -> None:
        """Return when it has ended by itself; raises subprocess.TimeoutExpired."""
        self._process.wait(seconds)

    def cpu_seconds(self) -> float:
        """Give the processor time that the tree has used so far."""
        return sum(_times(number) for number in self._tree()) / _TICKS

    def memory(self) -> int:
        """Give the resident memory of the tree in bytes."""
        return sum(_resident(number) for number in self._tree())

    def _tree(self) -> set[int]:
        parents = dict(_parents())
        found = {self._process.pid}
        grown = True
        while grown:
            children = {number for number, parent in parents.items() if parent in found}
            grown = not children <= found
            found |= children
        return found

    def stop(self) -> None:
        """Ask it to end, and end it; what it left of its session goes too."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()


@contextlib.contextmanager
def running(command: Command) -> Iterator[Process]:
    """Give a process for the length of a block."""
    process = Process(command)
    try:
        yield process
    finally:
        process.stop()


def free_port() -> int:
    """Give a port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                yield int(entry.name), int(fields[1])


def _stat(number: int) -> list[str]:
    """Give the fields after the name: state, parent, and so on (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _times(number: int) -> int:
    # utime, stime, and those of children that ended.
    return sum(map(int, _stat(number)[11:15]))


def _resident(number: int) -> int:
    try:
        pages = int(Path(f"/proc/{number}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
