import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.web import cursors

IDS = st.integers(0, 2**63 - 1)


@settings(deadline=None)
@given(IDS)
def test_what_is_written_is_read_back(number: int) -> None:
    text = cursors.write("events", number)
    assert re.fullmatch("[A-Za-z0-9_-]{16}", text)
    assert cursors.read("events", text) == number


@settings(deadline=None)
@given(IDS)
def test_the_cursor_of_another_list_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="of this list"):
        cursors.read("deliveries", cursors.write("events", number))


@settings(deadline=None)
@given(IDS, st.integers(0, 15), st.sampled_from("AZaz09-_"))
def test_a_changed_letter_is_refused(number: int, place: int, letter: str) -> None:
    text = cursors.write("events", number)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        with pytest.raises(ValueError, match="next_cursor"):
            cursors.read("events", changed)


@settings(deadline=None)
@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="next_cursor"):
        cursors.read("events", text)
