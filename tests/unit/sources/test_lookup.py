"""Single values of a call."""

import pytest

from notifier.model.errors import Unmapped
from notifier.sources.call import Call
from notifier.sources.lookup import in_body, in_query

FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (b"", []),
        (b"a", [b""]),
        (b"a=", [b""]),
        (b"a=1&b=2&a=3", [b"1", b"3"]),
        (b"%61=%2B+", [b"++"]),
        (b"a=b=c", [b"b=c"]),
        (b"a=%zz%ff", [b"%zz\xff"]),
        (b"ab=1&A=2", []),
    ],
)
def test_a_parameter_is_found_by_its_name(query: bytes, found: list[bytes]) -> None:
    assert in_query(Call((), b"", query=query), "a") == found


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", "text"),
        ("a.n", "7"),
        ("a.f", "7.5"),
        ("list.1", "second"),
        ("list.2", None),
        ("list.-1", None),
        ("list.x", None),
        ("list", None),
        ("a", None),
        ("a.yes", None),
        ("a.none", None),
        ("a.b.c", None),
        ("other", None),
    ],
)
def test_a_place_in_a_body_is_found_by_its_path(path: str, found: str | None) -> None:
    body = (
        b'{"a": {"b": "text", "n": 7, "f": 7.5, "yes": true, "none": null},'
        b' "list": ["first", "second"]}'
    )
    assert in_body(Call((), body), path, "json") == found
    assert in_body(Call((), body), path, "auto") == found


def test_forms_are_read_as_expressions_read_them() -> None:
    assert in_body(Call(FORM, b"a=1&b=2"), "b", "auto") == "2"
    assert in_body(Call(FORM, b"data=%7B%22a%22%3A+%22x%22%7D"), "a", "form:data") == "x"


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(Unmapped):
        in_body(Call((), b"no JSON"), "a", "json")
