"""A source that maps what a help desk natively sends, beside our own.

Takes a plan, gives rows: what accepting a call costs more, and how long an answer takes at half of
what the service can do with such calls.
"""

import asyncio
import statistics

from bench import calls, counting, ours
from bench.figures import Row, bounded, dearer_by
from bench.measures import accepting, end_to_end, latency
from bench.measures.plan import Plan

_MOST_MORE = 150.0
_MOST_ACCEPT = 50.0


def rows(plan: Plan) -> list[Row]:
    """Run both sources in turns."""
    native, mapped, answers = [], [], []
    for _ in range(plan.turns):
        native.append(accepting.run_ours(plan, ours.configure, "native source"))
        mapped.append(accepting.run_ours(plan, ours.configure, "mapped source", calls.mapped))
        answers.append(_half_load(plan))
    return [
        dearer_by("accepting a call of a mapped source", mapped, native, _MOST_MORE),
        bounded(
            "accept p99 at half load, mapped source",
            statistics.median(answers) * 1e3,
            "ms",
            _MOST_ACCEPT,
        ),
    ]


def _half_load(plan: Plan) -> float:
    rate = end_to_end.run_ours(plan, ours.configure, "mapped source", calls.mapped).rate / 2
    with plan.place() as folder, counting.counting(folder) as sink:
        ours.configure(folder)
        with ours.serving(folder, sink.port) as (_, port):
            p99, _ = asyncio.run(latency.steady(port, rate, plan.seconds, folder, calls.mapped))
    return p99
