"""Runs, and what they amount to: medians, ratios, voids, the table.

Takes runs of two sides made in turns, gives rows. Refuses to compare with a side that lost
something: such a side is void.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one side.

    `promised` calls were answered with success within `seconds`, at `cpu` seconds of processor
    time. `mails` arrived at the sink and `rows` lie in the store as sent; None where the side
    sends nothing or keeps nothing.
    """

    side: str
    promised: int
    seconds: float
    cpu: float
    mails: int | None = None
    rows: int | None = None

    @property
    def done(self) -> int:
        """Give how many items the run completed."""
        return self.promised if self.mails is None else self.mails

    @property
    def rate(self) -> float:
        """Give items per second."""
        return self.done / self.seconds

    @property
    def cost(self) -> float:
        """Give processor time per item in microseconds."""
        return self.cpu / max(self.done, 1) * 1e6

    @property
    def void(self) -> str | None:
        """Say what was lost, or None."""
        if not self.promised:
            return "it promised nothing"
        if self.mails is not None and self.mails < self.promised:
            return f"{self.promised} promised, {self.mails} mails at the sink"
        if self.rows is not None and self.mails is not None and self.rows != self.mails:
            return f"{self.mails} mails at the sink, {self.rows} rows in the store"
        if self.rows is not None and self.rows < self.promised:
            return f"{self.promised} promised, {self.rows} rows in the store"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `reached` is None where nothing is wanted, or nothing was had."""

    figure: str
    ours: str
    peer: str
    ratio: float | None = None
    wanted: str = ""
    reached: bool | None = None
    void: str | None = None
    runs: tuple[Run, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        return asdict(self)


def void_of(runs: Sequence[Run]) -> str | None:
    """Say which run of a side is void and why, or None."""
    return next((f"{run.side}: {run.void}" for run in runs if run.void), None)


def ratio_of_turns(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Give the median of the ratios turn by turn: a slow minute slows both sides of its turn."""
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def faster(figure: str, ours: Sequence[Run], theirs: Sequence[Run], least: float | None) -> Row:
    """Compare rates; `least` times the peer's is wanted, None wants nothing."""
    lost = void_of([*ours, *theirs])
    ratio = None
    if lost is None:
        ratio = ratio_of_turns([run.rate for run in ours], [run.rate for run in theirs])
    return Row(
        figure=figure,
        ours=_side(ours),
        peer=f"{theirs[0].side} {_side(theirs)}",
        ratio=ratio,
        wanted="for information" if least is None else f"at least {least:g} x",
        reached=None if least is None or ratio is None else ratio >= least,
        void=lost,
        runs=(*ours, *theirs),
    )


def dearer(figure: str, ours: Sequence[Run], empty: Sequence[Run], most: float) -> tuple[Row, Row]:
    """Compare what an item costs, in processor time and in time; `most` times is wanted."""
    lost = void_of([*ours, *empty])
    rows = []
    for kind, pairs in (
        ("CPU", [[run.cost for run in side] for side in (ours, empty)]),
        ("time", [[1e6 / run.rate for run in side] for side in (ours, empty)]),
    ):
        ratio = None if lost else ratio_of_turns(*pairs)
        rows.append(
            Row(
                figure=f"{figure}, {kind}",
                ours=f"{median(pairs[0]):.0f} µs",
                peer=f"{empty[0].side} {median(pairs[1]):.0f} µs",
                ratio=ratio,
                wanted=f"at most {most:g} x",
                reached=None if ratio is None else ratio <= most,
                void=lost,
                runs=(*ours, *empty),
            )
        )
    return rows[0], rows[1]


def dearer_by(figure: str, ours: Sequence[Run], plain: Sequence[Run], most: float) -> Row:
    """Compare what an item costs in processor time; `most` µs more is wanted."""
    lost = void_of([*ours, *plain])
    more = median(our.cost - one.cost for our, one in zip(ours, plain, strict=True))
    return Row(
        figure=figure,
        ours=f"{median(run.cost for run in ours):.0f} µs",
        peer=f"{plain[0].side} {median(run.cost for run in plain):.0f} µs",
        ratio=None
        if lost
        else ratio_of_turns(*([run.cost for run in one] for one in (ours, plain))),
        wanted=f"at most {most:g} µs more ({more:+.0f})",
        reached=None if lost else more <= most,
        void=lost,
        runs=(*ours, *plain),
    )


def bounded(figure: str, value: float, unit: str, most: float) -> Row:
    """Hold one value against a bound."""
    return Row(
        figure=figure,
        ours=f"{value:.1f} {unit}",
        peer="",
        wanted=f"at most {most:g} {unit}",
        reached=value <= most,
    )


ABSENT = "cannot be had"


def absent(figure: str, peer: str, why: str) -> Row:
    """Say why a peer cannot be had."""
    return Row(figure=figure, ours="", peer=f"{peer}: {why}", wanted=ABSENT)


def _side(runs: Sequence[Run]) -> str:
    rate, cost = median(run.rate for run in runs), median(run.cost for run in runs)
    return f"{rate:.0f}/s, {cost:.0f} µs CPU"


def table(rows: Sequence[Row]) -> str:
    """Write rows as a table."""
    head = ("figure", "ours", "peer", "ratio", "wanted", "reached")
    lines = [head, *(_line(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in (head, rule, *lines[1:])
    )


def _line(row: Row) -> tuple[str, ...]:
    verdict = {True: "yes", False: "NO", None: ""}[row.reached]
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.figure, row.ours, row.peer, ratio, row.wanted, "VOID" if row.void else verdict)


def details(rows: Sequence[Row]) -> str:
    """Write the absolute values of every run, each once."""
    lines: dict[str, None] = {}
    for row in rows:
        if row.void:
            lines[f"VOID: {row.figure}: {row.void}"] = None
        for run in row.runs:
            counts = f"{run.promised} promised"
            counts += "" if run.mails is None else f", {run.mails} mails at the sink"
            counts += "" if run.rows is None else f", {run.rows} rows in the store"
            lines[
                f"{run.side}: {counts}, {run.seconds:.2f} s, {run.rate:.0f}/s, "
                f"{run.cpu:.2f} CPU s, {run.cost:.0f} µs CPU each"
            ] = None
    return "\n".join(lines)
