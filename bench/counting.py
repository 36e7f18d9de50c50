"""The counting sink: Postfix's smtp-sink, or our own where that is missing.

Takes a folder, gives a port and the number of mails taken so far. Refuses nothing.
"""

import contextlib
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench import programs
from bench.processes import LOAD_CPU, BenchError, Command, Process, free_port, running

_COUNT = re.compile(rb"mesg=(\d+)\r")
_TAIL = 200


class Sink:
    """A sink that runs."""

    def __init__(self, process: Process, port: int) -> None:
        """It listens already."""
        self._process = process
        self.port = port

    def count(self) -> int:
        """Give how many mails were taken."""
        with self._process.log.open("rb") as log:
            log.seek(max(log.seek(0, os.SEEK_END) - _TAIL, 0))
            found = _COUNT.findall(log.read())
        return int(found[-1]) if found else 0

    def drained(self, least: int, quiet: float, most: float) -> tuple[int, float]:
        """Wait until `least` mails came and then no more for `quiet` seconds, `most` at most.

        Gives how many came, and when the last one did, on the monotonic clock.
        """
        until = time.monotonic() + most
        count, last = self.count(), time.monotonic()
        while (now := time.monotonic()) < until:
            seen = self.count()
            if seen != count:
                count, last = seen, now
            elif count >= least and now - last >= quiet:
                break
            time.sleep(0.02)
        return count, last


@contextlib.contextmanager
def counting(folder: Path) -> Iterator[Sink]:
    """Give a sink for the length of a block."""
    port = free_port()
    try:
        # A root must say as whom it goes on.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        words = [programs.find("smtp-sink"), "-c", *user, f"127.0.0.1:{port}", "1000"]
    except BenchError:
        words = [sys.executable, str(Path(__file__).with_name("sink.py")), str(port)]
    command = Command(words, folder, programs.libraries(), LOAD_CPU)
    with running(command) as process:
        process.wait_for_port(port)
        yield Sink(process, port)
