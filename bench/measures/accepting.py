"""Calls in alone: durable against a route that does nothing.

Takes a plan, gives one row. The mail server is not there, so that its breaker opens and every
delivery waits in the store: nothing but accepting is measured.
"""

import time
from collections.abc import Callable
from pathlib import Path

from bench import calls, ours, rivals
from bench.figures import Row, Run, faster
from bench.load import Load, prepare, send
from bench.measures.plan import Plan
from bench.processes import free_port

_FASTEST = 12_000


def rows(plan: Plan) -> list[Row]:
    """Run both sides in turns."""
    mine, theirs = [], []
    for _ in range(plan.turns):
        mine.append(run_ours(plan))
        theirs.append(_run_bare(plan))
    return [faster("accepted/s, durable, 32 connections", mine, theirs, 0.35)]


def run_ours(
    plan: Plan,
    furnish: Callable[[Path], None] | None = None,
    side: str = "notifier",
    make: calls.Make = calls.webhook,
) -> Run:
    """Let the service take calls for a while, in a folder that `furnish` put something in."""
    load = Load(make, plan.seconds, plan.seconds * _FASTEST)
    with plan.place() as folder:
        if furnish is not None:
            furnish(folder)
        since = int(time.time() * 1000)
        with ours.serving(folder, free_port()) as (process, port):
            command = prepare(load, port, folder)
            used = process.cpu_seconds()
            sent = send(load, command)
            cpu = process.cpu_seconds() - used
        kept = ours.count(folder, "1", since=since)
    return Run(side=side, promised=sent.answered, seconds=sent.seconds, cpu=cpu, rows=kept)


def _run_bare(plan: Plan) -> Run:
    load = Load(calls.webhook, plan.seconds, 5000, again=True)
    with plan.place() as folder, rivals.bare(folder) as ((process,), port):
        command = prepare(load, port, folder)
        used = process.cpu_seconds()
        sent = send(load, command)
        cpu = process.cpu_seconds() - used
    return Run(side="bare route", promised=sent.answered, seconds=sent.seconds, cpu=cpu)
