"""The load: wrk, with prepared requests on 32 connections.

Takes where to send what for how long, gives how many calls were answered with success.
Refuses (BenchError) a load whose requests ran out or were answered with an error.
"""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench import calls
from bench.processes import LOAD_CPU, BenchError, Command, running
from bench.programs import find

CONNECTIONS = 32

_SCRIPT = Path(__file__).with_name("wrk.lua")
_SLACK = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: made by `make`, `most` different calls, in so many seconds.

    `again`: the side does not mind to be given a call more than once.
    """

    make: calls.Make
    seconds: int
    most: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it. `started` is on the monotonic clock; `p99` in seconds."""

    answered: int
    seconds: float
    started: float
    p99: float


def prepare(load: Load, port: int, folder: Path) -> Command:
    """Write the requests; give the command that sends them."""
    file = folder / "requests"
    length = calls.write(file, load.make, port, load.most)
    words = [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{load.seconds}s", "--timeout", "30s", "-s"]
    words += [str(_SCRIPT), f"http://127.0.0.1:{port}", "--", str(file), str(length)]
    return Command(words, folder, {}, LOAD_CPU)


def send(load: Load, command: Command) -> Sent:
    """Run the load to its end."""
    with running(command) as process:
        started = time.monotonic()
        try:
            process.wait(load.seconds + _SLACK)
        except subprocess.TimeoutExpired:
            raise BenchError("wrk does not end") from None
        words = process.log.read_text().strip().splitlines()
    try:
        said = json.loads(words[-1])
    except (IndexError, ValueError):
        raise BenchError("wrk said: " + " / ".join(words[-3:])) from None
    if said["refused"] or said["broken"]:
        raise BenchError(f"{said['refused']} calls refused, {said['broken']} broken off")
    if not load.again and said["requests"] + CONNECTIONS > load.most:
        raise BenchError(f"more than {load.most} calls were answered; prepare more")
    return Sent(said["requests"], said["microseconds"] / 1e6, started, said["p99"] / 1e6)
