import json

import pytest

from notifier.model import json_text


@pytest.mark.parametrize(
    "value",
    [
        {"id": "7", "name": 'Zoë "Z" \\ Łuczak', "closed": False, "assignee": None},
        ["emoji \U0001f600", "control \x00\x1f\x7f\u2028", 2**63 - 1, -1, 2**70],
        [("id", "default", "7"), ("email", "", "jane@example.com")],
        {},
    ],
    ids=["object", "text and numbers", "tuples", "empty"],
)
def test_what_is_written_is_read_back(value: object) -> None:
    assert json.loads(json_text.written(value)) == json.loads(json.dumps(value))


def test_nothing_is_put_between_and_letters_stay_as_they_are() -> None:
    assert json_text.written({"a": ["ß", 1]}) == '{"a":["ß",1]}'


def test_half_of_a_pair_becomes_an_escape() -> None:
    text = json_text.written({"title": "cut \ud83d", "name": "Zoë"})
    assert text.isascii()
    assert json.loads(text) == {"title": "cut \ud83d", "name": "Zoë"}
