import pytest

from notifier.cli import tables


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")


def test_columns_stand_below_one_another_whatever_the_letters_take() -> None:
    lines = tables.table(("A", "B"), [("日本", "x"), ("e\u0301t", None)], (0, 0))
    assert lines == ["A     B", "日本  x", "ét    -"]


def test_what_may_be_narrowed_is_shortened_until_the_line_fits() -> None:
    rows = [("dlv_1", "Printer Not Working at all today", "john.smith@example.com")]
    lines = tables.table(("ID", "TICKET", "TO"), rows, (0, 8, 12))
    assert lines[1] == "dlv_1  Printer Not Wo…  john.smith@exam…"
    assert max(map(len, lines)) <= 40


def test_wide_letters_are_cut_by_what_they_take() -> None:
    (_, line) = tables.table(("T",), [("日本語" * 10,)], (4,))
    assert line == "日本語" * 6 + "日…"


def test_what_may_not_be_narrowed_is_not() -> None:
    long = "x" * 60
    assert tables.table(("A",), [(long,)], (0,))[1] == long


def test_a_terminal_gets_nothing_that_it_would_obey() -> None:
    assert tables.tidy("a\x1b[31mb\r\nc\u202ed") == "a[31mb cd"
    assert tables.tidy(None) == "-"
    assert tables.tidy("") == "-"


def test_pairs_leave_out_what_is_none_and_wrap_below_their_value() -> None:
    words = "Printer Not Working in the whole building"
    assert tables.pairs([("id", "dlv_1"), ("name", None), ("title", words)]) == [
        "id     dlv_1",
        "title  Printer Not Working in the whole",
        "       building",
    ]


def test_a_paragraph_of_nothing_is_its_beginning() -> None:
    assert tables.paragraph("", "- ", "  ") == ["-"]
