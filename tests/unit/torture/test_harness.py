"""What a harness makes of figures, findings and limits."""

import asyncio
from pathlib import Path

import pytest

from tests.torture.harness import MOST_SHOWN, Harness, Job, Size, given


async def _nothing(job: Job) -> None:
    job.count("done", 5)


async def _breaks(job: Job) -> None:
    raise ConnectionRefusedError("nobody listens")


def harness(run: object = _nothing) -> Harness:
    return Harness(
        name="example",
        says="an example",
        run=run,  # type: ignore[arg-type]
        sizes={"wanted": Size(5, 1, "how many")},
        faults={"lost": "something is lost"},
        reaches={"done": "wanted"},
        sabotages=(),
    )


def ran(one: Harness, wanted: int = 5) -> Job:
    job = one.job(Path(), 7, {"wanted": wanted})
    asyncio.run(one.judged(job))
    return job


def test_a_run_that_finds_nothing_and_reaches_its_sizes_violates_nothing() -> None:
    one = harness()
    assert one.violations(ran(one)) == []


def test_a_run_that_did_less_than_was_asked_for_proves_nothing() -> None:
    one = harness()
    (only,) = one.violations(ran(one, wanted=6))
    assert only.startswith("short = 1")


def test_a_run_that_breaks_off_is_a_finding() -> None:
    one = harness(_breaks)
    job = ran(one)
    assert "broken: ConnectionRefusedError: nobody listens" in job.findings
    assert job.figures["broken"] == 1


def test_every_finding_is_counted_and_the_first_are_told() -> None:
    one = harness()
    job = ran(one)
    for number in range(MOST_SHOWN + 5):
        job.find("lost", f"number {number}")
    assert job.figures["lost"] == MOST_SHOWN + 5
    assert len(job.findings) == MOST_SHOWN
    assert one.violations(job) == [f"lost = {MOST_SHOWN + 5} (something is lost)"]


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        ("done>=5, done<=5,done=5", 0),
        ("done>=6", 1),
        ("done<=4.5", 1),
        ("done=4", 1),
        ("nowhere=0", 1),
        ("done=4,nowhere=0", 2),
    ],
)
def test_limits_are_held_against_figures(limits: str, broken: int) -> None:
    one = harness()
    assert len(one.violations(ran(one), limits)) == broken


def test_a_limit_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="'done' is not NAME=NUMBER"):
        given("done", {})
