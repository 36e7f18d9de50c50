"""docs/faults.md against the tests that there are, and the catalogue against the plan."""

import re
import subprocess
import sys
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

_ITEM = re.compile(r"^(tests/\S+::\w+)\[(.*)\]$", re.MULTILINE)


@pytest.fixture(scope="module")
def collected() -> dict[str, set[str]]:
    """Give the marked tests by cell, as a run of their own would collect them."""
    files = [
        str(file.relative_to(ROOT))
        for file in (ROOT / "tests").rglob("test_*.py")
        if re.search(r"mark\.fault\(|^@cell\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "fault", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for test, label in _ITEM.findall(done.stdout):
        for cell in catalogue.NAME.findall(label):
            found[cell].add(test)
    return found


def test_the_catalogue_is_what_was_planned() -> None:
    planned = [f"{letter}{number}" for letter, numbers in PLANNED.items() for number in numbers]
    assert list(catalogue.load()) == planned
    assert list(catalogue.titles()) == list(PLANNED)


def test_every_cell_has_a_test_whose_id_carries_it(collected: dict[str, set[str]]) -> None:
    assert sorted(collected) == sorted(catalogue.load())


def test_the_page_names_exactly_these_tests(collected: dict[str, set[str]]) -> None:
    text = (ROOT / page.FILE).read_text(encoding="utf-8")
    assert page.read(text) == collected, "run python -m tests.faults"
    assert "failed" not in re.findall(r"^- `.*`: (.*)$", text, re.MULTILINE)


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
