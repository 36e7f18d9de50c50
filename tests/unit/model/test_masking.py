import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.model.masking import masked, masked_foreign


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("john@example.com", "j•••@example.com"),
        ("<john.smith+it@example.com>:", "<j•••@example.com>:"),
        ("to john@example.com, jane@example.com", "to j•••@example.com, j•••@example.com"),
        ('"john smith"@example.com', "j•••@example.com"),
        ("jörg@bücher.example.com", "j•••@bücher.example.com"),
        ("{'to': 'john@example.com'}", "{'to': '•••@example.com'}"),
        ("+14155550123", "+1415•••0123"),
        ("+1 (415) 555-0123 is not valid", "+1415•••0123 is not valid"),
        ("call +1415555012.", "call •••12."),
        ("+999", "+999"),
        ("nothing to see", "nothing to see"),
        ("", ""),
    ],
)
def test_addresses_are_shortened(text: str, shown: str) -> None:
    assert masked(text) == masked_foreign(text) == shown
    assert masked(shown) == masked_foreign(shown) == shown


@pytest.mark.parametrize(
    "text", ["2026-11-23T09:00:00.500Z", "evt_38g7m8sfg0001", "4155550123", "127.0.0.1:58123"]
)
def test_our_own_times_and_ids_stay_readable(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(415) 555-0123 is not valid", "(•••23 is not valid"),
        ("415.555.0123", "•••23"),
        ("number 14155550123", "number •••23"),
        ("451 4.7.1 greylisted", "451 4.7.1 greylisted"),
    ],
)
def test_in_the_words_of_others_numbers_are_shortened_in_any_form(text: str, shown: str) -> None:
    assert masked_foreign(text) == shown


@given(
    st.from_regex(re.compile(r"[a-z0-9._%-]{2,30}", re.ASCII), fullmatch=True),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_mailbox_survives_in_any_surroundings(local: str, before: str, after: str) -> None:
    assert f"{local}@example.com" not in masked(f"{before}{local}@example.com{after}")


@given(st.text(alphabet='@+0123456789 "<>a', max_size=400))
@example("+00000 0@")
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)
