"""Segments are counted as networks count them, and messages made to fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rendering import gsm
from notifier.rendering.sms import count, fit, fits, room, segments_of, short_number

LETTERS = st.one_of(
    st.sampled_from("abc XYZ019@é\n"),
    st.sampled_from("^{}[~]|€\\\f"),
    st.sampled_from("“”\u2013…łœçÁ\u00a0"),
    st.sampled_from("Привет漢字"),
    st.sampled_from("🔥👍🏽🇩🇪\u0301\ufe0f"),
    st.characters(),
)
BODIES = st.one_of(
    st.text(LETTERS, max_size=400),
    st.text(st.sampled_from("ab[€\f"), min_size=140, max_size=400),
    st.text(st.sampled_from("aя🔥"), min_size=50, max_size=400),
)
HEAD = "[HIGH] Ticket #123 assigned to you: "


def slow_segments(body: str) -> int:
    """Cut the message as a phone would: write all units in a row, then part them."""
    if set(body) <= gsm.ALPHABET:
        units = [unit for letter in body for unit in septets(letter)]
        alone, joined = 160, 153
    else:
        raw = body.encode("utf-16-be", "surrogatepass")
        pieces = [int.from_bytes(raw[place : place + 2]) for place in range(0, len(raw), 2)]
        # A unit that may not begin a segment follows its other half.
        halves = {place for letter, place in starts(body) if letter > "\uffff"}
        units = ["second" if place - 1 in halves else "unit" for place in range(len(pieces))]
        alone, joined = 70, 67
    if len(units) <= alone:
        return 1 if units else 0
    segments = 0
    while units:
        end = min(joined, len(units))
        while end < len(units) and units[end] == "second":
            end -= 1
        units = units[end:]
        segments += 1
    return segments


def septets(letter: str) -> list[str]:
    return ["unit", "second"] if letter in "\f^{}\\[~]|€" else ["unit"]


def starts(body: str) -> list[tuple[str, int]]:
    found, place = [], 0
    for letter in body:
        found.append((letter, place))
        place += 2 if letter > "\uffff" else 1
    return found


def test_the_alphabet_has_its_127_letters_and_ten_more() -> None:
    assert (len(gsm.BASIC), len(gsm.EXTENSION)) == (127, 10)


@pytest.mark.parametrize(
    ("body", "encoding", "segments"),
    [
        ("", "GSM-7", 0),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
        ("é" * 160, "GSM-7", 1),
        ("ç", "UCS-2", 1),
        ("я" * 70, "UCS-2", 1),
        ("я" * 71, "UCS-2", 2),
        ("я" * 134, "UCS-2", 2),
        ("я" * 66 + "🔥" + "я" * 66, "UCS-2", 3),
        ("🔥" * 35, "UCS-2", 1),
        ("🔥" * 36, "UCS-2", 2),
        ("🔥" * 67, "UCS-2", 3),
        ("\ud83d", "UCS-2", 1),
    ],
)
def test_segments_are_counted_as_the_standard_has_it(
    body: str, encoding: str, segments: int
) -> None:
    assert segments_of(body) == (encoding, segments)


@given(BODIES)
def test_segments_agree_with_a_slow_count(body: str) -> None:
    assert count(body) == slow_segments(body)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Café “open” \u2013 now…", 'Café "open" - now...'),
        ("Łódź œuvre ça Ámen", "Lodz oeuvre ca Amen"),
        ("½ full №5 ﬁle ™", "1/2 full No5 file TM"),
        ("tab\u00a0and\u2009thin", "tab and thin"),
        ("dotless \u0131", "dotless i"),
        ("Принтер", "Принтер"),
        ("“Принтер”", "“Принтер”"),
        ("Hot 🔥", "Hot 🔥"),
        ("\ud800", "\ud800"),
    ],
)
def test_a_message_is_said_in_gsm_where_that_is_possible(title: str, shown: str) -> None:
    assert fit("[LOW] ", title, 1) == f"[LOW] {shown}"


def test_a_mark_without_a_letter_is_dropped() -> None:
    assert gsm.translate("\u0301a") == ("a", 2)
    assert gsm.translate("ab漢c") == ("ab", 2)
    assert gsm.translate("\uff9e") == ("", 0)


def test_a_long_title_is_cut_so_that_the_rest_survives() -> None:
    body = fit(HEAD, "x" * 1_000, 1)
    assert body == HEAD + "x" * (160 - 2 - len(HEAD) - 3) + "..."
    assert segments_of(body) == ("GSM-7", 1)
    assert segments_of(fit(HEAD, "x" * 1_000, 3)) == ("GSM-7", 3)
    assert fit(HEAD, "я" * 1_000, 1) == HEAD + "я" * (70 - len(HEAD) - 1) + "…"


def test_the_encoding_that_shows_more_of_the_title_wins() -> None:
    assert fit(HEAD, "x" * 60 + "🔥" + "x" * 60, 1) == HEAD + "x" * 60 + "..."
    assert fit(HEAD, "xя" * 60, 1) == HEAD + "xя" * 16 + "x…"


def test_without_a_title_the_head_stands_alone() -> None:
    assert fit(HEAD, "", 1) == "[HIGH] Ticket #123 assigned to you"
    assert fit("x" * 158 + ": ", "title", 1) == "x" * 158
    assert fit("я" * 68 + ": ", "title", 1) == "я" * 68


def test_a_head_that_is_too_long_is_cut_itself() -> None:
    assert fit("я" * 80 + ": ", "title", 1) == "я" * 69 + "…"
    assert fit("x" * 200, "", 1) == "x" * 157 + "..."


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("#123", "#123"),
        ("#" + "1" * 39, "#" + "1" * 39),
        ("#" + "1" * 63, "#" + "1" * 38 + "…"),
        ("#" + "🔥" * 63, "#" + "🔥" * 19 + "…"),
        ("#É\u20131", "#É-1"),
    ],
)
def test_a_number_is_cut_only_when_it_is_absurd(number: str, shown: str) -> None:
    assert short_number(number) == shown


@given(
    st.sampled_from(["CRITICAL", "LOW"]),
    st.text(LETTERS, min_size=1, max_size=64),
    st.text(LETTERS, max_size=300),
    st.integers(1, 4),
)
def test_priority_and_number_survive_in_every_message(
    priority: str, number: str, title: str, most: int
) -> None:
    number = short_number(f"#{number}")
    body = fit(f"[{priority}] Ticket {number} assigned to you: ", title, most)
    assert fits(body, most)
    assert count(body) <= most
    kept = [number, gsm.translate(number)[0].rstrip()]
    assert any(body.startswith(f"[{priority}] Ticket {one}") for one in kept)


@pytest.mark.parametrize(
    ("body", "taken", "held"),
    [("", 0, 160), ("abc", 3, 160), ("a€[", 5, 160), ("aя", 2, 70), ("a🔥", 3, 70)],
)
def test_the_room_counts_as_the_network_does(body: str, taken: int, held: int) -> None:
    assert room(body) == (taken, held)


@given(BODIES)
def test_what_has_room_in_one_segment_is_one(body: str) -> None:
    taken, held = room(body)
    assert (taken <= held) == (count(body) <= 1)
