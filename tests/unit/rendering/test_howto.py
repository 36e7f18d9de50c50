"""The how-to about templates, held against the code."""

import re
from pathlib import Path

from notifier.model.messages import Email, Medium
from notifier.rendering import bounded, grammar, overrides, samples
from notifier.rendering.pages import Pages
from tests.unit.rendering.examples import ASSIGNED, STYLE, batch
from tests.unit.rendering.folders import SUBJECT, put, told

TEXT = (Path(__file__).parents[3] / "docs" / "howto" / "templates.md").read_text(encoding="utf-8")
PAGES = Pages()
KNOWN = samples.of_folders(STYLE, PAGES.folders)
WHERE = {
    "everywhere": set(PAGES.folders),
    "one ticket, test": set(PAGES.folders) - {"rollup"},
    "roll-up": {"rollup"},
}


def rows(title: str) -> list[list[str]]:
    """Give the cells of the table under a heading, without its head."""
    section = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def listed(kind: str) -> set[str]:
    found = re.search(rf"^- {kind}: ((?:`\w+`\s+)+)", TEXT, re.MULTILINE)
    assert found
    return set(re.findall(r"`(\w+)`", found[1]))


def test_it_lists_every_file_and_no_other() -> None:
    names = [cells[0].strip("`") for cells in rows("The files")]
    assert sorted(names) == sorted(PAGES.sources)


def test_it_lists_every_variable_and_where_it_is_known() -> None:
    told_of = {cells[0].strip("`"): cells[2] for cells in rows("The variables")}
    every = [samples.variables(name, KNOWN) for name in PAGES.sources]
    assert set(told_of) == set().union(*every)
    for name, where in told_of.items():
        folders = {one for one, facts in KNOWN.items() if name in facts[0]}
        assert folders == WHERE.get(where, set()), name


def test_the_fields_of_a_listed_ticket_are_those_that_it_has() -> None:
    (row,) = (cells for cells in rows("The variables") if cells[0] == "`tickets`")
    tickets = KNOWN["rollup"][0]["tickets"]
    assert isinstance(tickets, list)
    assert re.findall(r"`(\w+)`", row[1]) == list(tickets[0])


def test_it_lists_the_filters_and_the_tests() -> None:
    assert listed("filters") == grammar.FILTERS
    assert listed("tests") == grammar.TESTS


def test_it_says_the_bounds() -> None:
    assert f"A file may have {overrides.LARGEST // 1024} KiB" in TEXT
    assert f"{bounded.LONGEST:,} characters" in TEXT
    assert grammar.DEEPEST_LOOPS == 3
    assert "nested three deep" in TEXT.replace("\n", " ")


def test_its_example_does_what_it_says(tmp_path: Path) -> None:
    source = TEXT.split("```jinja\n")[1].split("```")[0].strip()
    mine = told(put(tmp_path, SUBJECT, source))
    message = mine.render(batch(ASSIGNED), Medium.EMAIL)
    assert isinstance(message, Email)
    assert f"    {message.subject}\n" in TEXT
    assert f"these are yours: {SUBJECT}" in TEXT
    assert mine.overridden == (SUBJECT,)


def test_its_broken_example_is_told_as_it_says(tmp_path: Path) -> None:
    (fault,) = told(put(tmp_path, SUBJECT, "{{ titel }}")).faults
    assert f"{fault.name} is not used: {fault.said} To mend it: {fault.mend}\n" in TEXT
