"""docs/faults.md against the tests that there are, and the catalogue against the plan."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.faults import catalogue, page

ROOT = Path(__file__).parents[2]

PLANNED = {
    "A": [*range(1, 7), *range(9, 14)],
    "B": [1, 2, 3],
    "C": [*range(1, 11)],
    "E": [*range(1, 19), *range(20, 25)],
    "F": [1, 2, 3, 4, 6, 7, 13],
    "G": [*range(1, 13), 18, 19, 22, 24, 25],
}
"""What is to be survived."""

_MARKS = re.compile(r"mark\.fault\(([^)]*)\)|^cell\(\s*([^,)]*)")
"""What the decorators of a test say of cells: marks, or the name of `cell` (smtp_setting)."""


def _said(test: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Give the cells that the decorators of a test name."""
    texts = [ast.unparse(decorator) for decorator in test.decorator_list]
    named = [" ".join(match) for text in texts for match in _MARKS.findall(text)]
    return set(catalogue.NAME.findall(" ".join(named)))


@pytest.fixture(scope="module")
def marked() -> dict[str, set[str]]:
    """Give the tests of each cell, as their source says."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for cell in _said(node):
                    found[cell].add(f"{file.relative_to(ROOT).as_posix()}::{node.name}")
    return found


@pytest.fixture(scope="module")
def written() -> str:
    return (ROOT / page.FILE).read_text(encoding="utf-8")


def test_the_catalogue_is_what_was_planned() -> None:
    planned = [f"{letter}{number}" for letter, numbers in PLANNED.items() for number in numbers]
    assert list(catalogue.load()) == planned
    assert list(catalogue.titles()) == list(PLANNED)


def test_every_cell_has_a_test(marked: dict[str, set[str]]) -> None:
    assert sorted(marked) == sorted(catalogue.load())


def test_the_page_names_exactly_the_tests_of_each_cell(
    marked: dict[str, set[str]], written: str
) -> None:
    assert page.read(written) == marked, "run python -m tests.faults"
    assert "failed" not in " ".join(re.findall(r"^- `.*`: (.*)$", written, re.MULTILINE))


def test_the_page_says_what_the_catalogue_says(written: str) -> None:
    for cell in catalogue.load().values():
        head = f"### {cell.name}: {cell.fault}\n\nInjected: {cell.injected}\n\n"
        assert f"{head}Expected: {cell.expected}\n" in written, "run python -m tests.faults"


def test_what_runs_beside_this_has_its_cell_in_its_id_and_is_on_the_page(
    request: pytest.FixtureRequest, written: str
) -> None:
    named = page.read(written)
    for item in request.session.items:
        test, _, label = item.nodeid.partition("[")
        for mark in item.iter_markers("fault"):
            for cell in mark.args:
                assert cell in catalogue.NAME.findall(label)
                assert test in named[cell]


def test_a_page_is_read_as_it_was_written() -> None:
    results = page.Results()
    results.add("A1", "tests/a/test_a.py::test_one", "passed")
    results.add("A1", "tests/a/test_a.py::test_one", "skipped")
    results.add("G25", "tests/b/test_b.py::test_two", "failed")
    text = page.written(results)
    named = {name: tests for name, tests in page.read(text).items() if tests}
    assert named == {
        "A1": {"tests/a/test_a.py::test_one"},
        "G25": {"tests/b/test_b.py::test_two"},
    }
    assert "- `tests/a/test_a.py::test_one`: passed, skipped" in text
