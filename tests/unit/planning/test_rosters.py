"""Tables of people: every row is written or said to be wrong, whatever they hold."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.errors import WrongShape
from notifier.model.people import Card, Entry
from notifier.planning import rosters
from notifier.planning.rosters import Roster, RowFault
from tests.unit.planning.test_entries import checks

HEAD = "id,name,email,phone,locale,time_zone,zammad:id,zammad:login"


def read(text: str) -> Roster:
    return rosters.read(text, lambda: checks("US"))


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(WrongShape) as error:
        read(text)
    return [(fault.path, fault.message) for fault in error.value.faults]


ANA = Entry(
    "ana",
    Card(
        "Ana Silva",
        ("ana@example.com", "a@example.com"),
        ("+14155550123",),
        "pt",
        "Europe/Lisbon",
    ),
    (("id", "zammad", "4711"), ("id", "zammad", "4712"), ("login", "zammad", "asilva")),
    frozenset({"name", "emails", "phones", "locale", "time_zone"}),
    frozenset({("id", "zammad"), ("login", "zammad")}),
)
ROW = "ana,Ana Silva,ana@example.com a@example.com,(415) 555-0123,pt,Europe/Lisbon,4711 4712,asilva"


@pytest.mark.parametrize(
    "text",
    [
        f"{HEAD}\n{ROW}\n",
        f"\ufeff{HEAD}\r\n\r\n{ROW}",
        f"{HEAD}\n{ROW}\n".replace(",", ";"),
        f"{HEAD.title()}\n{ROW}\n",
        f"{HEAD}\n{ROW.replace('Ana Silva', chr(34) + 'Ana Silva' + chr(34))}\n,,,,,,,\n",
    ],
)
def test_a_table_in_every_spelling(text: str) -> None:
    roster = read(text)
    assert [entry for _, entry in roster.entries] == [ANA]
    assert (roster.faults, roster.failed) == ((), 0)


def test_columns_in_any_order_and_only_those_that_matter() -> None:
    roster = read("jira:login, id\nasilva, ana\n,bob\n")
    empty = frozenset[str]()
    jira = frozenset({("login", "jira")})
    assert roster.entries == (
        (2, Entry("ana", Card(), (("login", "jira", "asilva"),), empty, jira)),
        (3, Entry("bob", Card(), (), empty, jira)),
    )


def test_a_wrong_row_spoils_itself_only() -> None:
    roster = read(
        "id,email,locale\nana,ana@example.com,pt\nper_x,,\n..,,\nbob,bob,!\nana,,\neva\ntom,,\n"
    )
    assert [entry.who for _, entry in roster.entries] == ["ana", "tom"]
    who = "must be 1 to 128 letters, digits, ., _, @ and -, not . or .., and not begin with per_"
    assert roster.faults == (
        RowFault(3, "id", who),
        RowFault(4, "id", who),
        RowFault(5, "email", "must be an email address such as john@example.com"),
        RowFault(5, "locale", "must be a language tag such as en or pt-BR"),
        RowFault(6, "id", "stands in row 2 already"),
        RowFault(7, None, "has 1 cells, and the header 3 columns"),
    )
    assert roster.failed == 5


def test_the_address_of_the_import_is_nobody() -> None:
    assert [fault.column for fault in read("id\nimport\n.\nimports\n...\n").faults] == ["id", "id"]


def test_what_stands_twice_is_refused_the_second_time() -> None:
    roster = read(
        "id,email,zammad:id\nana,ana@example.com,1\nbob,ANA@EXAMPLE.com,1\neva,eva@example.com,2\n"
    )
    assert [entry.who for _, entry in roster.entries] == ["ana", "eva"]
    assert roster.faults == (
        RowFault(3, "zammad:id", "1 stands in row 2 already"),
        RowFault(3, "email", "ana@example.com stands in row 2 already"),
    )


def test_keys_are_as_short_as_in_the_api() -> None:
    (fault,) = read(f"id,zammad:id\nana,{'x' * 256}\n").faults
    assert (fault.column, "1 to 255" in fault.message) == ("zammad:id", True)
    (fault,) = read(f"id,zammad:id\nana,{'x ' * 51}\n").faults
    assert fault == RowFault(2, "zammad:id", "must be at most 50 values")


def test_what_is_no_table() -> None:
    assert refused("") == [("id", "the first line must name the columns, and id must be one")]
    assert refused("name\nAna\n")[0][0] == "id"
    assert refused("id,id\nana,ana\n") == [("id", "stands twice")]
    ((path, said),) = refused("id,mail\nana,x\n")
    assert (path, said.startswith("is not a column: id, name, email")) == ("mail", True)
    assert refused("id,zam mad:id\n")[0][0] == "zam mad:id"
    ((_, said),) = refused('id,name\nana,"Ana')
    assert said.startswith("line 2 is no CSV: ")


def test_more_rows_than_are_taken_at_once() -> None:
    rows = "".join(f"p{number}\n" for number in range(rosters.MOST_ROWS))
    assert len(read(f"id\n{rows}").entries) == rosters.MOST_ROWS
    assert refused(f"id\n{rows}one-more\n") == [("", "at most 20000 rows are taken at once")]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=20)


@given(
    st.sampled_from(",;"),
    st.booleans(),
    st.lists(
        st.tuples(st.from_regex(r"[a-z][a-z0-9._@-]{0,20}", fullmatch=True), CELLS), max_size=8
    ),
)
def test_whatever_stands_in_the_cells_comes_out_as_it_was(
    delimiter: str, mark: bool, people: list[tuple[str, str]]
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter)
    writer.writerows([("id", "name"), *people])
    roster = read(("\ufeff" if mark else "") + written.getvalue())
    found = {str(entry.who): entry.card.name for _, entry in roster.entries}
    firsts: dict[str, str | None] = {}
    for who, name in people:
        if who != "import" and not who.startswith("per_"):
            firsts.setdefault(who, name.strip() or None)
    assert found == firsts
    assert len(roster.entries) + roster.failed == len(people)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for head in ("", "id,name,email\n"):
        try:
            roster = read(head + text)
        except WrongShape:
            continue
        assert roster.failed <= len(roster.faults)
