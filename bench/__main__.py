"""`python -m bench`: ours and the peers, in turns, in one run.

Takes options, prints the absolute values of every run and the table. Ends with 1 when a side
is void, and with --assert also when a figure is not reached.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.figures import ABSENT, Row, absent, details, table
from bench.measures import accepting, end_to_end, latency, mapped, memory, past
from bench.measures.plan import Plan
from bench.processes import LOAD_CPU, BenchError

MEASURES: dict[str, Callable[[Plan], list[Row]]] = {
    "accept": accepting.rows,
    "end-to-end": end_to_end.rows,
    "alone": latency.alone,
    "half-load": latency.half_load,
    "memory": memory.rows,
    "past": past.rows,
    "mapped": mapped.rows,
}


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=MEASURES, help="run this alone")
    parser.add_argument("--runs", type=int, default=None, help="turns of every side")
    parser.add_argument("--short", action="store_true", help="one short turn, small stores")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run there too")
    parser.add_argument("--assert", action="store_true", dest="wanted", help="fail below a figure")
    return parser.parse_args(words)


def _plan(options: argparse.Namespace, folder: Path) -> Plan:
    if options.short:
        return Plan(options.runs or 1, 2, 50_000, 10_000, folder)
    return Plan(options.runs or 5, 5, 1_000_000, 100_000, folder)


def _measured(name: str, plan: Plan) -> list[Row]:
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    try:
        return MEASURES[name](plan)
    except BenchError as error:
        return [absent(name, name, str(error))]


def _machine() -> str:
    """Say on what this runs: how busy it is, and with which build of Python, matters much."""
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    return (
        f"Python {platform.python_version()} ({sys.base_prefix}, {platform.python_compiler()}), "
        f"{len(os.sched_getaffinity(0))} processors, load {load}"
    )


def main(words: Sequence[str]) -> int:
    """Run what was asked for; give the exit status."""
    options = _options(words)
    if not Path("/proc/self/stat").exists():
        print("the benchmark reads /proc and runs on Linux only", file=sys.stderr)
        return 2
    print(_machine(), flush=True)
    if LOAD_CPU in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {LOAD_CPU})
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        # The sink is nobody, and passes through.
        folder.chmod(0o755)
        plan = _plan(options, folder)
        rows = [row for one in options.only or MEASURES for row in _measured(one, plan)]
    if options.json:
        options.json.write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    print(details(rows))
    print(table(rows))
    missed = any(row.reached is False or row.wanted == ABSENT for row in rows)
    return int((options.wanted and missed) or any(row.void for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
