"""Calls in, mails out: how many a second, and what one costs.

Takes a plan, gives one row per peer. One run lasts from the first call to the last mail.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from bench import calls, counting, ours, rivals
from bench.figures import Row, Run, absent, faster
from bench.load import Load, prepare, send
from bench.measures.plan import Plan
from bench.processes import BenchError
from bench.rivals import Rival

_FASTEST = 8000
"""No side takes more calls a second than this; so many are prepared."""

_QUIET = 1.0
_LONGEST_DRAIN = 90.0

PEERS: Sequence[tuple[Rival, float | None]] = (
    (rivals.ALERTMANAGER, 2.5),
    (rivals.MINIMAL, 12.0),
    (rivals.CELERY, 15.0),
    (rivals.APPRISE, None),
)


def rows(plan: Plan) -> list[Row]:
    """Run ours and every peer in turns."""
    mine: list[Run] = []
    theirs: dict[str, list[Run]] = {rival.name: [] for rival, _ in PEERS}
    missing: dict[str, str] = {}
    for _ in range(plan.turns):
        mine.append(run_ours(plan))
        for rival, _ in PEERS:
            if rival.name not in missing:
                try:
                    theirs[rival.name].append(_run_rival(plan, rival))
                except BenchError as error:
                    missing[rival.name] = str(error)
    figure = "mails/s end to end"
    return [
        absent(f"{figure}, {rival.name}", rival.name, missing[rival.name])
        if rival.name in missing
        else faster(figure, mine, theirs[rival.name], least)
        for rival, least in PEERS
    ]


def run_ours(
    plan: Plan,
    furnish: Callable[[Path], None] | None = None,
    side: str = "notifier",
    make: calls.Make = calls.webhook,
) -> Run:
    """Run the service once, in a folder that `furnish` put something in, such as a store."""
    with plan.place() as folder, counting.counting(folder) as sink:
        if furnish is not None:
            furnish(folder)
        since = int(time.time() * 1000)
        with ours.serving(folder, sink.port) as (process, port):
            load = Load(make, plan.seconds, plan.seconds * _FASTEST)
            run = _measure(side, ([process], port), load, folder, sink)
        return replace(run, rows=ours.count(folder, "state = 'sent'", since=since))


def _run_rival(plan: Plan, rival: Rival) -> Run:
    seconds = max(round(plan.seconds * rival.share), 1)
    load = Load(rival.make, seconds, seconds * _FASTEST)
    with (
        plan.place() as folder,
        counting.counting(folder) as sink,
        rival.start(folder, sink.port) as started,
    ):
        return _measure(rival.name, started, load, folder, sink)


def _measure(
    side: str, started: rivals.Started, load: Load, folder: Path, sink: counting.Sink
) -> Run:
    processes, port = started
    command = prepare(load, port, folder)
    used = sum(process.cpu_seconds() for process in processes)
    sent = send(load, command)
    mails, last = sink.drained(sent.answered, _QUIET, _LONGEST_DRAIN)
    cpu = sum(process.cpu_seconds() for process in processes) - used
    return Run(side=side, promised=sent.answered, seconds=last - sent.started, cpu=cpu, mails=mails)
