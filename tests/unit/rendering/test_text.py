"""Text from outside becomes one tidy line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rendering.text import boundary, clean, shorten

ANYTHING = st.text(st.characters(), max_size=400)


@pytest.mark.fault("G11")
@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Printer Not Working", "Printer Not Working"),
        ("  a \t\r\n b  ", "a b"),
        (
            "one\u2028two\u2029three\x85four\x0bfive\x0csix\x1cseven",
            "one two three four five six seven",
        ),
        ("a\x00b\x1bc\x7fd\x9be", "abcde"),
        ("pay\u202eslip\u2066x\u2069\u200f", "payslipx"),
        ("zero\u200b\u200c\u200d\u2060\ufeff\u00adwidth", "zerowidth"),
        ("👩\u200d💻 ❤️\u200d🔥", "👩\u200d💻 ❤️\u200d🔥"),
        ("\u0645\u06cc\u200c\u062e क्\u200dष", "\u0645\u06cc\u200c\u062e क्\u200dष"),
        ("💻\u200d\u200d💻\u200d \u200cخ\u200c", "💻💻 خ"),
        ("👩\u200b\u200d\u202e💻", "👩\u200d💻"),
        ("a\u200d💻\u200db", "a💻b"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("e\u0301", "é"),
        ("\u3164\u2800", ""),
        ("", ""),
        (None, ""),
        ("👍🏽 1️⃣", "👍🏽 1️⃣"),
    ],
)
def test_what_cannot_be_seen_goes_and_the_rest_stays(given_text: str | None, shown: str) -> None:
    assert clean(given_text, 200) == shown


def test_text_over_its_limit_ends_with_an_ellipsis() -> None:
    assert clean("x" * 1_000, 1_000) == "x" * 1_000
    assert clean("x" * 1_001, 1_000) == "x" * 999 + "…"
    assert clean("one two", 5) == "one…"


@pytest.mark.parametrize("hostile", ["\u200b", " ", "\x00", "\ud800", "e\u0301", "a"])
def test_a_megabyte_is_read_no_further_than_needed(hostile: str) -> None:
    shown = clean(hostile * 1_000_000, 1_000)
    assert shown.endswith("…")
    assert len(shown) <= 1_000


@pytest.mark.parametrize(
    ("whole", "limit", "short"),
    [
        ("abe\u0323\u0301cd", 4, "ab…"),
        ("ab👍🏽cd", 4, "ab…"),
        ("a🇩🇪🇫🇷z", 4, "a🇩🇪…"),
        ("a🇩🇪🇫🇷z", 5, "a🇩🇪…"),
        ("🇩🇪🇫🇷🇪🇸", 5, "🇩🇪🇫🇷…"),
        ("ab👩\u200d💻cd", 4, "ab…"),
        ("ab👩\u200d💻cd", 5, "ab…"),
        ("ab👩\u200d💻cd", 6, "ab👩\u200d💻…"),
        ("abc", 3, "abc"),
        ("abcd", 0, "…"),
    ],
)
def test_a_cut_leaves_whole_characters_as_people_see_them(
    whole: str, limit: int, short: str
) -> None:
    assert shorten(whole, limit) == short


def test_a_heap_of_marks_is_cut_anyway() -> None:
    assert shorten("a" + "\u0323" * 500, 100) == "a" + "\u0323" * 98 + "…"
    assert boundary("\u0323" * 10, 5) == 0


@given(ANYTHING, st.integers(1, 120))
def test_a_clean_line_shows_all_it_holds_and_keeps_its_limit(anything: str, limit: int) -> None:
    line = clean(anything, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert "  " not in line
    assert not {unicodedata.category(letter) for letter in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.bidirectional(letter) for letter in line} & {
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    }


@given(ANYTHING)
def test_cleaning_a_clean_line_changes_nothing(anything: str) -> None:
    line = clean(anything, 400)
    assert clean(line, 400) == line
