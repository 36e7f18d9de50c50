"""What every harness is made of: its sizes, what it must reach, and what it must never find.

A harness takes a job (a folder, a seed, sizes, perhaps a sabotage) and leaves figures and findings
in it. Limits given beside those of the harness are refused (ValueError) when they are not of the
form NAME=NUMBER, NAME<=NUMBER or NAME>=NUMBER.
"""

import operator
import platform
import random
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import apsw
import httpx2

from notifier import __version__
from tests.service import Service

MOST_SHOWN = 20
"""So many findings of one kind are told in words; all are counted."""

BROKEN, TRACEBACK, SHORT = "broken", "traceback", "short"

EVERYWHERE = {
    BROKEN: "the service did not do what the harness waited for",
    TRACEBACK: "the log holds a traceback",
    SHORT: "the run was smaller than asked for",
}
"""What every harness must never find."""

_LIMIT = re.compile(r"(?P<name>[a-z0-9_]+)(?P<how><=|>=|=)(?P<number>[0-9.]+)")
_COMPARE = {"<=": operator.le, ">=": operator.ge, "=": operator.eq}

SHIM = "tests.torture.sabotaged_service"
SABOTAGE = "TORTURE_SABOTAGE"
"""The variable that names the sabotage to the shim."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much of something: at full size, and in short."""

    full: int
    short: int
    says: str


@dataclass(slots=True)
class Job:
    """One run of a harness: what it is given, and what it leaves."""

    folder: Path
    seed: int
    sizes: Mapping[str, int]
    sabotage: str | None = None
    progress: TextIO = sys.stderr
    figures: dict[str, float] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)

    @property
    def chance(self) -> random.Random:
        """Give a generator that starts anew from the seed."""
        return random.Random(self.seed)

    def count(self, name: str, more: float = 1) -> None:
        self.figures[name] = self.figures.get(name, 0) + more

    def find(self, fault: str, what: str) -> None:
        """Note that something happened which must never happen."""
        self.count(fault)
        if self.figures[fault] <= MOST_SHOWN:
            self.findings.append(f"{fault}: {what}")

    def say(self, what: str) -> None:
        self.progress.write(f"  {what}\n")
        self.progress.flush()

    async def start(self, service: Service, *before: str, module: str = "notifier") -> None:
        """Start the service, with the sabotage in it if there is one."""
        if self.sabotage is not None:
            service.environment[SABOTAGE] = self.sabotage
            module = SHIM
        await service.start(*before, module=module)

    def planted(self, sabotage: str | None) -> "Job":
        """Give the same job with this sabotage instead."""
        return replace(self, sabotage=sabotage)

    def read_log(self, service: Service) -> None:
        """Look for tracebacks in what the service has logged since its start."""
        for line in service.lines:
            if "Traceback" in line:
                self.find(TRACEBACK, line.strip()[:2000])


@dataclass(frozen=True, slots=True)
class Harness:
    """`faults` must stay 0; each figure in `reaches` must come up to the size that it names."""

    name: str
    says: str
    run: Callable[[Job], Awaitable[None]]
    sizes: Mapping[str, Size]
    faults: Mapping[str, str]
    reaches: Mapping[str, str]
    sabotages: tuple[str, ...]

    def job(self, folder: Path, seed: int, sizes: Mapping[str, int]) -> Job:
        """Give an empty job; sizes that are not named are those of the full run."""
        full = {name: size.full for name, size in self.sizes.items()}
        zero = dict.fromkeys([*self.faults, *EVERYWHERE], 0.0)
        return Job(folder, seed, {**full, **sizes}, figures=dict(zero))

    async def judged(self, job: Job) -> None:
        """Run to the end; what was waited for in vain is a finding too."""
        try:
            await self.run(job)
        except (AssertionError, OSError, httpx2.HTTPError) as error:
            job.find(BROKEN, f"{type(error).__name__}: {str(error)[:2000]}")
        for figure, size in self.reaches.items():
            reached, wanted = job.figures.get(figure, 0), job.sizes[size]
            if reached < wanted:
                job.find(SHORT, f"{figure} is {reached:g}, and {wanted} were asked for")

    def violations(self, job: Job, limits: str = "") -> list[str]:
        """Give every limit that does not hold, the harness's own first."""
        own = [
            f"{name} = {job.figures[name]:g} ({says})"
            for name, says in {**self.faults, **EVERYWHERE}.items()
            if job.figures[name]
        ]
        return own + [text for text, holds in given(limits, job.figures).items() if not holds]


def given(limits: str, figures: Mapping[str, float]) -> dict[str, bool]:
    """Read limits separated by commas; tell which hold. A figure that is not there holds none."""
    told: dict[str, bool] = {}
    for text in filter(None, limits.split(",")):
        found = _LIMIT.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is not NAME=NUMBER, NAME<=NUMBER or NAME>=NUMBER")
        name, compare, number = found["name"], _COMPARE[found["how"]], float(found["number"])
        measured = figures.get(name)
        shown = f"{text.strip()} does not hold: {name} is {measured}"
        told[shown] = measured is not None and bool(compare(measured, number))
    return told


def versions() -> dict[str, str]:
    """Give what the run was made with."""
    return {
        "notifier": __version__,
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "system": platform.platform(),
    }
