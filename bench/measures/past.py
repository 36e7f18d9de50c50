"""What an event costs on a store with a past, beside an empty one.

Takes a plan, gives rows for processor time and for time. The stores are made once and carried
from turn to turn; every turn runs all three.
"""

import shutil
from functools import partial
from pathlib import Path

from bench import seeding
from bench.figures import Row, Run, dearer
from bench.measures.end_to_end import run_ours
from bench.measures.plan import Plan
from bench.ours import STORE

_MOST = 1.1


def rows(plan: Plan) -> list[Row]:
    """Run on the empty store, on history and on backlog, in turns."""
    with plan.place() as old, plan.place() as held:
        seeding.history(old, plan.history)
        seeding.backlog(held, plan.backlog)
        empty: list[Run] = []
        history: list[Run] = []
        backlog: list[Run] = []
        for _ in range(plan.turns):
            empty.append(run_ours(plan, side="empty store"))
            history.append(run_ours(plan, partial(_copy, old), "store with history"))
            backlog.append(run_ours(plan, partial(_copy, held), "store with backlog"))
    return [
        *dearer(f"cost with {plan.history:,} rows of history", history, empty, _MOST),
        *dearer(f"cost with {plan.backlog:,} rows of backlog", backlog, empty, _MOST),
    ]


def _copy(source: Path, folder: Path) -> None:
    shutil.copyfile(source / STORE, folder / STORE)
