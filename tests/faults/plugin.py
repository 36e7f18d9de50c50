"""Cells in the ids of tests, and a page about them: `@pytest.mark.fault("A5")`.

Takes the mark on a test, or on one of its parameters when that parameter's id names the cell
itself; gives ids such as `test_x[A5-starttls]`. With `--faults-report FILE` it writes what became
of every cell. Refuses a cell that is not in the catalogue, and a mark that its id does not show.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import catalogue, page

_PROPERTY = "fault"
_CELLS = catalogue.load()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-report", metavar="FILE", help="write what became of each fault")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fault(*cells): the faults of tests/faults that it shows")
    file = config.getoption("--faults-report")
    # Under xdist the workers run the tests, and the reports of all come together here.
    if file and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Report(Path(file)), "faults-report")


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    cells = list(_named(metafunc.definition.iter_markers("fault")))
    if cells:
        metafunc.fixturenames.append("fault_cell")
        metafunc.parametrize("fault_cell", ["+".join(cells)])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        cells = sorted(set(_named(item.iter_markers("fault"))))
        shown = catalogue.NAME.findall(item.nodeid.partition("[")[2])
        unknown = [cell for cell in cells if cell not in _CELLS]
        if unknown or not set(cells) <= set(shown):
            raise pytest.UsageError(
                f"{item.nodeid} is marked for {cells}: each must be in tests/faults/catalogue.toml "
                "and in the id of the test"
            )
        item.user_properties += [(_PROPERTY, cell) for cell in cells]


def _named(marks: Iterator[pytest.Mark]) -> Iterator[str]:
    for mark in marks:
        yield from mark.args


class _Report:
    """Collects what became of each test, and writes the page when all have run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = page.Results()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        for name, cell in report.user_properties:
            if name == _PROPERTY and (report.when == "call" or not report.passed):
                self._seen.add(str(cell), test, report.outcome)

    def pytest_sessionfinish(self) -> None:
        self._file.write_text(page.written(self._seen), encoding="utf-8")
