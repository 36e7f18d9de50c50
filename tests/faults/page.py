"""The page docs/faults.md: each cell with what is expected, its tests, and what became of them.

Takes results, gives text, and reads back from such a text which tests it names. Refuses nothing.
"""

import re
from collections import defaultdict

from tests.faults import catalogue
from tests.faults.catalogue import Cell

FILE = "docs/faults.md"

_HEAD = """\
# Faults

What may break, how a test breaks it, and what is then true. `python -m tests.faults` runs the
tests that are named here and writes this page; the id of each names its cell, as in
`test_x[E6-starttls]`.
"""
_NONE = "no test"
_CELL = re.compile(rf"^### ({catalogue.NAME.pattern}): ", re.MULTILINE)
_TEST = re.compile(r"^- `(tests/\S+::\w+)`: ", re.MULTILINE)


class Results:
    """What became of the tests of each cell, all cases of a test together."""

    def __init__(self) -> None:
        """Nothing has run yet."""
        self._seen: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def add(self, cell: str, test: str, outcome: str) -> None:
        """Remember one case of a test, `file::function`."""
        self._seen[cell][test].add(outcome)

    def of(self, cell: str) -> list[tuple[str, str]]:
        """Give the tests of a cell in order, each with its outcomes."""
        return [
            (test, ", ".join(sorted(found))) for test, found in sorted(self._seen[cell].items())
        ]


def written(results: Results) -> str:
    """Give the page."""
    cells = catalogue.load()
    parts = [_HEAD]
    for letter, title in catalogue.titles().items():
        parts.append(f"## {letter}: {title}\n")
        parts += [_section(cell, results) for cell in cells.values() if cell.name[0] == letter]
    return "\n".join(parts)


def _section(cell: Cell, results: Results) -> str:
    tests = [f"- `{test}`: {outcome}" for test, outcome in results.of(cell.name)] or [_NONE]
    return "\n".join(
        [
            f"### {cell.name}: {cell.fault}\n",
            f"Injected: {cell.injected}\n",
            f"Expected: {cell.expected}\n",
            *tests,
            "",
        ]
    )


def read(text: str) -> dict[str, set[str]]:
    """Give the tests that a page names, by cell."""
    _, *pieces = _CELL.split(text)
    names, bodies = pieces[::2], pieces[1::2]
    return {name: set(_TEST.findall(body)) for name, body in zip(names, bodies, strict=True)}
