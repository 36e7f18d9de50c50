"""The benchmark's arithmetic: medians, ratios turn by turn, and sides that lost something."""

import pytest

from bench.figures import Run, bounded, dearer, dearer_by, details, faster, ratio_of_turns, table


def _run(
    side: str = "ours",
    promised: int = 100,
    seconds: float = 1.0,
    mails: int | None = None,
    rows: int | None = None,
) -> Run:
    return Run(side=side, promised=promised, seconds=seconds, cpu=0.01, mails=mails, rows=rows)


def test_a_ratio_is_the_median_of_those_of_each_turn() -> None:
    # The slow third turn slowed both sides; a ratio of medians would be 2.2.
    assert ratio_of_turns([30.0, 22.0, 3.0], [10.0, 11.0, 1.0]) == 3.0


def test_rate_and_cost_are_those_of_the_mails_where_there_are_mails() -> None:
    run = _run(promised=100, seconds=2.0, mails=110)
    assert run.rate == 55.0
    assert run.cost == pytest.approx(10_000 / 110)
    assert _run(seconds=2.0).rate == 50.0


@pytest.mark.parametrize(
    ("run", "lost"),
    [
        (_run(mails=100, rows=100), None),
        (_run(mails=132, rows=132), None),
        (_run(rows=100), None),
        (_run(), None),
        (_run(mails=99), "100 promised, 99 mails at the sink"),
        (_run(mails=100, rows=99), "100 mails at the sink, 99 rows in the store"),
        (_run(mails=100, rows=101), "100 mails at the sink, 101 rows in the store"),
        (_run(rows=99), "100 promised, 99 rows in the store"),
        (_run(promised=0, mails=0), "it promised nothing"),
    ],
)
def test_a_side_that_lost_something_is_void(run: Run, lost: str | None) -> None:
    assert run.void == lost


def test_a_void_side_gives_no_ratio_and_reaches_nothing() -> None:
    row = faster("mails/s", [_run(mails=100)], [_run("peer", mails=1)], 0.1)
    assert (row.ratio, row.reached) == (None, None)
    assert row.void == "peer: 100 promised, 1 mails at the sink"
    assert "VOID" in table([row])
    assert "VOID: mails/s: peer: 100 promised" in details([row])


@pytest.mark.parametrize(("least", "reached"), [(2.0, True), (2.1, False), (None, None)])
def test_a_figure_is_reached_from_its_bound_on(least: float | None, reached: bool | None) -> None:
    row = faster("mails/s", [_run(seconds=1)], [_run("peer", seconds=2)], least)
    assert (row.ratio, row.reached, row.void) == (2.0, reached, None)


def test_cost_is_held_against_a_bound_in_processor_time_and_in_time() -> None:
    cpu, time = dearer("cost", [_run(seconds=1.2)], [_run("empty", seconds=1.0)], 1.1)
    assert (cpu.ratio, cpu.reached) == (1.0, True)
    assert time.ratio == pytest.approx(1.2)
    assert time.reached is False


@pytest.mark.parametrize(("most", "reached"), [(25.0, True), (24.0, False)])
def test_cost_is_held_against_a_bound_in_microseconds_more(most: float, reached: bool) -> None:
    # 10 ms for 80 calls are 125 µs each, for 100 calls 100 µs.
    row = dearer_by("call", [_run(promised=80, rows=80)] * 3, [_run("plain")] * 3, most)
    assert (row.reached, row.void, row.ratio) == (reached, None, 1.25)
    assert row.wanted.endswith("(+25)")


def test_a_side_that_lost_something_is_not_held_against_another() -> None:
    row = dearer_by("call", [_run(rows=1)], [_run("plain")], 100)
    assert (row.reached, row.ratio) == (None, None)
    assert row.void == "ours: 100 promised, 1 rows in the store"


def test_the_table_says_what_was_wanted_and_whether_it_was_reached() -> None:
    shown = table([bounded("memory", 70.04, "MB", 70), bounded("lag", 9.0, "ms", 10)])
    head, _, memory, lag = shown.splitlines()
    assert head.split(" | ")[0].strip("| ") == "figure"
    assert memory.split()[-2:] == ["NO", "|"]
    assert lag.split()[-2:] == ["yes", "|"]
