"""The catalogue of faults: what may break, how a test breaks it, what must then be true.

Takes `catalogue.toml`, gives its cells in order. Refuses a cell that lacks a field.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"(?<![A-Za-z0-9])[A-G][0-9]{1,2}(?![A-Za-z0-9])")
"""What the name of a cell looks like, in the catalogue and in the ids of tests."""

_FILE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault; `name` is a letter for where it strikes, and a number."""

    name: str
    fault: str
    injected: str
    expected: str


def load() -> dict[str, Cell]:
    """Give every cell by its name, in the order of the catalogue."""
    groups = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Cell(name, **fields)
        for cells in groups.values()
        for name, fields in cells.items()
        if name != "title"
    }


def titles() -> dict[str, str]:
    """Give what each letter stands for."""
    groups = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {letter: cells["title"] for letter, cells in groups.items()}
