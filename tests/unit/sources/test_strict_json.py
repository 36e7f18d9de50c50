"""Strict JSON: what two readers could understand differently is not read at all."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import BadPayload
from notifier.sources.strict_json import loads


def refusal(body: bytes) -> str:
    with pytest.raises(BadPayload) as caught:
        loads(body)
    return str(caught.value)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=40,
)


@given(VALUES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_json_can_say_is_read_as_it_was_meant(value: object, escaped: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=escaped).encode()) == value


@given(st.binary(max_size=80) | st.text(alphabet='[]{}",:\\ud8012e-NIn ', max_size=80))
@settings(max_examples=1000, deadline=None)
def test_anything_else_is_refused_with_a_sentence(sent: bytes | str) -> None:
    body = sent if isinstance(sent, bytes) else sent.encode()
    try:
        loads(body)
    except BadPayload as error:
        text = str(error)
        assert text.startswith("The ")
        assert text.endswith(".")
        text.encode()


NOT_JSON = [
    b"",
    b" ",
    b"{",
    b"}",
    b"[1,]",
    b"{'a': 1}",
    b"{} {}",
    b"[]x",
    b"nul",
    b"// a\n{}",
    b"{1: 2}",
    b"01",
    b"+1",
    b"1.",
    b".5",
    b"0x10",
    b'"\t"',
    b'"\\x"',
    b'"\\u12"',
    b'"',
    b'"\\',
    b"\xa0{}",
    b"tru",
    b"True",
    b"\x0c{}",
    b'{"a" 1}',
    b'"\\uD800\\u12"',
    b"\xef\xbc\x91",
    b"1e",
    b"--1",
]


@pytest.mark.fault("G9")
@pytest.mark.parametrize("body", NOT_JSON)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert refusal(body).startswith(("The body is not JSON: ", "The body is not UTF-8"))


def test_a_refusal_says_where() -> None:
    assert refusal(b'{"a": 1,\n "b" 2}') == (
        "The body is not JSON: Expecting ':' delimiter at line 2, column 6."
    )


@pytest.mark.fault("G9")
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_other_encodings_of_unicode_are_refused(codec: str) -> None:
    assert refusal('{"a": 1}'.encode(codec)) == (
        "The body holds a NUL byte, as UTF-16 and UTF-32 do; send UTF-8."
    )


@pytest.mark.fault("G9")
@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_refused(codec: str) -> None:
    assert "byte order mark" in refusal('{"a": 1}'.encode(codec))


@pytest.mark.fault("G9")
@pytest.mark.parametrize(
    "text",
    [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc3", "é".encode("latin-1")],
)
def test_what_is_not_utf8_is_refused(text: bytes) -> None:
    assert refusal(b'{"a": "' + text + b'"}') == "The body is not UTF-8, from byte 7 on."


@pytest.mark.fault("G9")
@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a": 1, "a": 1}', "'a'"),
        (b'{"b": 1, "a": 1, "b": 2}', "'b'"),
        (b'{"a": {"x": [{"c": 1, "c": 2}]}}', "'c'"),
        (b'{"a": 1, "\\u0061": 2}', "'a'"),
        (b'{"": 1, "": 2}', "''"),
        (b'{"\\ud800": 1, "\\ud801": 2}', "'\ufffd'"),
        (b'{"\\n": 1, "\\n": 2}', "'\\n'"),
    ],
)
def test_a_name_that_stands_twice_is_refused(body: bytes, name: str) -> None:
    assert refusal(body) == f"The name {name} stands twice in one object."


def test_a_long_name_is_not_repeated_whole() -> None:
    name = b'"' + b"x" * 200_000 + b'": 1'
    assert len(refusal(b"{" + name + b"," + name + b"}")) < 200


@pytest.mark.fault("G9")
@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_of_javascript_are_refused(constant: str) -> None:
    assert refusal(f'{{"a": [{constant}]}}'.encode()) == (
        f"The body holds {constant}, which is not JSON."
    )


@pytest.mark.fault("G9")
@pytest.mark.parametrize("number", ["1e999", "-1e999", "1.5e400", "9" * 400 + ".0"])
def test_a_number_that_would_become_infinite_is_refused(number: str) -> None:
    assert refusal(number.encode()) == "The body holds a number that is too large to be read."


@pytest.mark.parametrize("number", ["1e308", "1e-999", "0." + "3" * 200_000, "-0.0"])
def test_any_other_fraction_is_read(number: str) -> None:
    assert loads(number.encode()) == float(number)


@pytest.mark.fault("G9")
def test_an_integer_of_thousands_of_digits_is_refused() -> None:
    assert loads(b"9" * 1000) == 10**1000 - 1
    for digits in (b"9" * 1001, b"-" + b"9" * 1000, b"9" * 5000, b"9" * 262_144):
        assert refusal(digits) == "The body holds a number of more than 1000 digits."


# -- depth -----------------------------------------------------------------------------------

DEEP = "The body is nested deeper than 32 levels."


@pytest.mark.fault("G9")
@pytest.mark.parametrize(("left", "right"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_32_levels_are_read_and_no_more(left: bytes, right: bytes) -> None:
    loads(left * 32 + b"1" + right * 32)
    assert refusal(left * 33 + b"1" + right * 33) == DEEP


@pytest.mark.fault("G9")
@pytest.mark.parametrize("left", [b"[", b'{"a":', b'[{"a":', b'["",', b' [\n"]",'])
def test_a_bomb_of_openings_is_refused(left: bytes) -> None:
    assert refusal((left * 262_144)[:262_144]) == DEEP


def test_many_brackets_that_are_not_deep_are_read() -> None:
    beside = b"[" + b",".join([b'[{"a": [1]}]'] * 10_000) + b"]"
    assert len(str(loads(beside))) > 100_000


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '\\"[{' * 100, "\\" * 100 + "[" * 100, '"' + "[" * 100, "]" * 100]
)
def test_brackets_inside_text_are_no_levels(text: str) -> None:
    assert loads(json.dumps([text]).encode()) == [text]


def test_brackets_after_text_with_a_last_backslash_are_levels() -> None:
    assert refusal(b'["\\\\",' + b"[" * 40) == DEEP
    assert refusal(b'["\\\\\\"",' + b"[" * 40) == DEEP


BOMBS = [
    b'"\\' * 131_072,
    b'"' * 262_144,
    b'"' + b"\\" * 262_143,
    b'[{"' * 87_381,
    b"\\[" * 131_072,
    b'"' + b'\\"' * 131_071,
    b"]" * 131_072 + b"[" * 131_072,
    b'"\\ud8' * 43_690,
    b'["' + b"\\ud83d" * 43_000 + b'"',
    b'"[' * 131_072,
]


@pytest.mark.fault("G9")
@pytest.mark.parametrize("body", BOMBS)
def test_no_body_makes_reading_slow_or_crashes_it(body: bytes) -> None:
    # The suite's own limit of time for a test is the judge: what is tried twice takes minutes.
    assert refusal(body)


# -- surrogates ------------------------------------------------------------------------------


@pytest.mark.fault("G9")
@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\uD83D\uDE00", "\U0001f600"),
        (r"\ud83d", "\ufffd"),
        (r"\ude00", "\ufffd"),
        (r"a\ud83d", "a\ufffd"),
        (r"\ude00\ud83d", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\ud83d\ude00\ude00", "\U0001f600\ufffd"),
        (r"\ud83d \ude00", "\ufffd \ufffd"),
        (r"\ud83d\n", "\ufffd\n"),
        (r"\ud83d\\ude00", "\ufffd\\ude00"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\\\\ud83d\ude00", "\\\\ud83d\ufffd"),
        (r"\ud7ff\ue000", "\ud7ff\ue000"),
    ],
)
def test_half_a_surrogate_pair_is_read_as_the_replacement_character(
    escaped: str, read: str
) -> None:
    assert loads(f'["{escaped}"]'.encode()) == [read]
    assert loads(f'{{"{escaped}": 1}}'.encode()) == {read: 1}
    read.encode()


@given(st.lists(st.text(st.characters(codec=None), max_size=6), max_size=4))
@settings(max_examples=300, deadline=None)
def test_all_text_that_was_read_can_be_written_again(texts: list[str]) -> None:
    read = loads(json.dumps(texts).encode())
    assert isinstance(read, list)
    for text in read:
        assert isinstance(text, str)
        text.encode()


def test_nul_as_an_escape_is_text_like_any_other() -> None:
    assert loads(rb'"a\u0000b"') == "a\x00b"
