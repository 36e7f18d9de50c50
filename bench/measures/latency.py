"""How long one event takes: alone, and at half of what the service can do.

Takes a plan, gives rows. The floor of one event is what it cannot do without: an answered
call, one sync of a page, one SMTP transaction on an open connection.
"""

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

from bench import calls, counting, ours, pages, rivals
from bench.caller import Caller, open_loop
from bench.figures import Row, bounded, ratio_of_turns
from bench.measures import end_to_end
from bench.measures.plan import Plan
from bench.processes import LOAD_CPU, SERVICE_CPU, BenchError, Command, running
from bench.sink import Conversation

_EVENTS = 200
_WARM_UP = 20
_WIDTH = 32
_MOST_TIMES = 2.0
_MOST_ACCEPT = 25.0
_MOST_LAG = 10.0
_SCRIPTS = Path(__file__).parent.parent


def alone(plan: Plan) -> list[Row]:
    """Run one event at a time, and its floor, in turns."""
    mine, floors = [], []
    for _ in range(plan.turns):
        with plan.place() as folder:
            mine_here, floor_here = asyncio.run(_alone(folder))
        mine.append(mine_here)
        floors.append(floor_here)
    sums = [sum(floor.values()) for floor in floors]
    ratio = ratio_of_turns(mine, sums)
    parts = ", ".join(
        f"{name} {statistics.median(floor[name] for floor in floors) * 1e3:.2f}"
        for name in floors[0]
    )
    return [
        Row(
            figure="one event at a time, POST to SMTP 250",
            ours=f"{statistics.median(mine) * 1e3:.2f} ms",
            peer=f"floor {statistics.median(sums) * 1e3:.2f} ms ({parts})",
            ratio=ratio,
            wanted=f"at most {_MOST_TIMES:g} x",
            reached=ratio <= _MOST_TIMES,
        )
    ]


async def _alone(folder: Path) -> tuple[float, dict[str, float]]:
    taken = asyncio.Event()
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(taken.set), "127.0.0.1", 0
    )
    smtp_port = server.sockets[0].getsockname()[1]
    async with server:
        with ours.serving(folder, smtp_port) as (_, port):
            mine = await _post_one_by_one(port, taken)
        with rivals.bare(folder) as (_, port):
            bare = await _post_one_by_one(port, None)
        parts = await asyncio.to_thread(_floors, folder, smtp_port)
    return mine, {"POST": bare, **parts}


async def _post_one_by_one(port: int, taken: asyncio.Event | None) -> float:
    times = []
    async with Caller(port) as caller:
        for number in range(_EVENTS + _WARM_UP):
            request = calls.webhook(number, port)
            start = time.perf_counter()
            await caller.post(request)
            if taken is not None:
                await taken.wait()
                taken.clear()
            times.append(time.perf_counter() - start)
    return statistics.median(times[_WARM_UP:])


def _floors(folder: Path, smtp_port: int) -> dict[str, float]:
    pages.write(folder)
    words = [str(_SCRIPTS / "floors.py"), str(smtp_port), "page", "mail.html"]
    found = _said(Command([sys.executable, *words], folder, {}, SERVICE_CPU))
    return {"fdatasync": found["sync"], "SMTP": found["smtp"]}


def _said(command: Command) -> dict[str, float]:
    with running(command) as process:
        process.wait(60)
        words = process.log.read_text().strip().splitlines()
    try:
        said: dict[str, float] = json.loads(words[-1])
    except (IndexError, ValueError):
        raise BenchError(" / ".join(words[-3:])) from None
    return said


def half_load(plan: Plan) -> list[Row]:
    """Send half of what was just measured as the most, steadily; give the slowest answers."""
    accepting, lagging = [], []
    for _ in range(plan.turns):
        rate = end_to_end.run_ours(plan).rate / 2
        with (
            plan.place() as folder,
            counting.counting(folder) as sink,
            ours.serving(folder, sink.port) as (_, port),
        ):
            p99, lag = asyncio.run(steady(port, rate, plan.seconds, folder))
            sent = int(rate * plan.seconds)
            mails, _ = sink.drained(sent, 0.5, 60)
        if mails != sent:
            lost = f"{sent} calls accepted, {mails} mails at the sink"
            return [Row(figure="half load", ours="", peer="", wanted="every mail", void=lost)]
        accepting.append(p99 * 1e3)
        lagging.append(lag * 1e3)
    return [
        bounded("accept p99 at half load", statistics.median(accepting), "ms", _MOST_ACCEPT),
        bounded("event loop lag p99 at half load", statistics.median(lagging), "ms", _MOST_LAG),
    ]


async def steady(
    port: int, rate: float, seconds: int, folder: Path, make: calls.Make = calls.webhook
) -> tuple[float, float]:
    """Call at a steady rate; give the p99 of the answers, and of the lag of the event loop."""
    requests = [make(number, port) for number in range(int(rate * seconds))]
    words = [sys.executable, str(_SCRIPTS / "probe.py"), str(port), str(seconds)]
    probing = asyncio.create_task(asyncio.to_thread(_said, Command(words, folder, {}, LOAD_CPU)))
    latencies = await open_loop(port, requests, rate, _WIDTH)
    said = await probing
    return statistics.quantiles(latencies, n=100)[98], said["p99"]
