"""The command line of the harnesses."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.torture import harness
from tests.torture.every import HARNESSES
from tests.torture.harness import Harness

SEED = 7
_MEMORY = Path("/dev/shm")  # noqa: S108 (a scratch folder is made in it, with its own rights)


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; give the exit status."""
    asked = _parser().parse_args(arguments)
    names = [asked.name] if asked.name else list(HARNESSES)
    try:
        harness.given(asked.limits, {})
    except ValueError as error:
        sys.stderr.write(f"--assert: {error}\n")
        return 2
    reports: list[dict[str, Any]] = []
    for name in names:
        reports.append(_report(HARNESSES[name], asked))
        if asked.json is not None:
            # After each, so that a run that is broken off leaves what it has found.
            said = reports[0] if asked.name else reports
            Path(asked.json).write_text(json.dumps(said, indent=2))
    failed = [report["harness"] for report in reports if report["violations"]]
    if failed:
        sys.stdout.write(f"FAILED: {', '.join(failed)}\n")
    return 1 if failed else 0


def _report(one: Harness, asked: argparse.Namespace) -> dict[str, Any]:
    sizes = _sizes(one, asked)
    sys.stdout.write(f"{one.name}: {one.says}\n  seed {asked.seed}, {_pairs(sizes)}\n")
    sys.stdout.flush()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=_scratch(one)) as folder:
        job = one.job(Path(folder), asked.seed, sizes)
        job.sabotage = asked.sabotage
        asyncio.run(one.judged(job))
    seconds = round(time.monotonic() - began, 1)
    violations = one.violations(job, asked.limits)
    for line in (*job.findings, *(f"VIOLATED {line}" for line in violations)):
        sys.stdout.write(f"  {line}\n")
    sys.stdout.write(f"  {_pairs(job.figures)}\n")
    sys.stdout.write(f"  {'FAILED' if violations else 'ok'} after {seconds} s\n")
    return {
        "harness": one.name,
        "seed": asked.seed,
        "sizes": sizes,
        "sabotage": asked.sabotage,
        "seconds": seconds,
        "versions": harness.versions(),
        "figures": job.figures,
        "findings": job.findings,
        "violations": violations,
    }


def _scratch(one: Harness) -> str | None:
    """Crash images are opened by the thousand: where they can be, they lie in memory."""
    return str(_MEMORY) if one.name == "images" and _MEMORY.is_dir() else None


def _pairs(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number:g}" for name, number in figures.items())


def _sizes(one: Harness, asked: argparse.Namespace) -> dict[str, int]:
    given = {name: getattr(asked, name, None) for name in one.sizes}
    preset = {name: size.short if asked.short else size.full for name, size in one.sizes.items()}
    return preset | {name: number for name, number in given.items() if number is not None}


def _parser() -> argparse.ArgumentParser:
    nothing: Any = argparse.SUPPRESS  # what is given before the name holds after it too
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=__doc__, argument_default=nothing
    )
    _add_what_all_take(parser)
    parser.set_defaults(name=None, sabotage=None, seed=SEED, short=False, json=None, limits="")
    every = parser.add_subparsers(dest="name", metavar="NAME")
    for one in HARNESSES.values():
        own = every.add_parser(
            one.name, help=one.says, description=one.says, argument_default=nothing
        )
        _add_what_all_take(own)
        own.add_argument("--sabotage", choices=one.sabotages, help="a defect that it must find")
        for name, size in one.sizes.items():
            says = f"{size.says} ({size.full}; --short: {size.short})"
            own.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help=says)
    return parser


def _add_what_all_take(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, help="what every choice follows from")
    parser.add_argument("--short", action="store_true", help="a small share of the full size")
    parser.add_argument("--json", metavar="FILE", help="write a report")
    parser.add_argument(
        "--assert",
        dest="limits",
        nargs="?",
        const="",
        metavar="LIMITS",
        help="limits to hold besides its own, such as slowest_back<=1,accepted>=1000",
    )
