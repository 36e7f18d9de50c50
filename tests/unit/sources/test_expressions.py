"""Mapping expressions: what they may say, what they give, and that no payload makes them raise."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError

from notifier.model.errors import ConfigurationError
from notifier.sources.expression_filters import ARGUMENTS, FILTERS, LONGEST_TEXT, MOST_ITEMS
from notifier.sources.expressions import Program, keys_in, names_in

BODY = {
    "items": [
        {"field": "status", "to": "3", "role": "a"},
        {"field": "assignee", "to": "7", "role": "b", "on": True},
    ],
    "self": "https://jira.example.com/rest/api/2/issue/1",
    "name": "Ana <b>Silva</b> &amp; Co",
    "number": 5,
    "half": 2.5,
    "whole": 3.0,
    "yes": True,
    "none": None,
    "empty": "",
    "list": ["b", "a", "b"],
    "text": '{"inner": [1, 2]}',
    "words": "2  normal high",
    "values": {"x": 1, "y": 2},
}


def value(text: str, **names: Any) -> Any:
    given_names = {"body": BODY, "item": None, **names}
    (made,), _ = Program(tuple(given_names), {"e": text}, {}).run(given_names)
    return made


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("body.number", 5),
        ("body['number']", 5),
        ("body.items[0].field", "status"),
        ("body.items[-1].field", "assignee"),
        ("body.items[7].field", None),
        ("body.items['0']", None),
        ("body[0]", None),
        ("body.list[1:]", ["a", "b"]),
        ("body.list[::0]", None),
        ("body.list['a':]", None),
        ("body.name[:3]", "Ana"),
        ("body.no.such.key[3].at.all", None),
        ("item.anything", None),
        ("body.self", BODY["self"]),
        ("body.number.real", None),
        ("body.name.upper", None),
        ("'x' if body.yes else 'y'", "x"),
        ("'x' if body.none", None),
        ("[body.number, 'x']", [5, "x"]),
        ("{'a': body.number}", {"a": 5}),
        ("not body.none", True),
        ("body.yes and body.number", 5),
        ("body.none or body.empty or 'z'", "z"),
        ("body.number == 5", True),
        ("body.number != 5", False),
        ("none", None),
        ("('a', 'b')[1]", "b"),
    ],
)
def test_json_is_looked_up_by_keys_and_places(text: str, wanted: Any) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("'a' ~ body.none ~ body.number ~ body.list", "a5"),
        ("body.whole ~ '' ~ body.yes ~ body.half", "3true2.5"),
        ("body.number + 1", 6),
        ("'a' + 'b'", "ab"),
        ("body.list + ['c']", ["b", "a", "b", "c"]),
        ("body.none + 1", None),
        ("'a' + 1", None),
        ("body.yes + 1", None),
        ("body.number - 1", 4),
        ("'a' - 1", None),
        ("-body.number", -5),
        ("-body.name", None),
        ("'Ana' in body.name", True),
        ("1 in body.name", False),
        ("'a' in body.list", True),
        ("'x' in body.values", True),
        ("body.list in body.values", False),
        ("'a' in body.none", False),
        ("'a' in ('a', 'b')", True),
        ("'a' not in body.none", True),
        ("body.number < 6", True),
        ("body.number <= 5", True),
        ("body.number > 5", False),
        ("body.number >= 5", True),
        ("'a' < 'b'", True),
        ("'a' < 1", False),
        ("body.none < 1", False),
        ("body.yes < 2", False),
        ("body.none > 1", False),
    ],
)
def test_operators_take_anything(text: str, wanted: Any) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("body.none|default('x')", "x"),
        ("body.empty|default('x')", "x"),
        ("body.none|default", ""),
        ("body.number|default('x')", 5),
        ("body.list|first", "b"),
        ("body.list|last", "b"),
        ("body.none|first", None),
        ("body.list|length", 3),
        ("body.values|length", 2),
        ("body.number|length", 0),
        ("body.words|upper|lower|trim", "2  normal high"),
        ("body.none|lower", None),
        ("body.number|upper", "5"),
        ("body.number|string", "5"),
        ("body.whole|string", "3"),
        ("body.list|string", None),
        ("' 12 '|int", 12),
        ("'1'|int + body.whole|int", 4),
        ("'twelve'|int", None),
        ("('1' ~ body.words)|int", None),
        ("body.values|int", None),
        ("body.list|join(', ')", "b, a, b"),
        ("body.list|join", "bab"),
        ("body.number|join", ""),
        ("body.words|replace('normal', 'x')", "2  x high"),
        ("body.words|replace('', 'x')", "2  normal high"),
        ("body.words|replace(body.none, 'x')", None),
        ("body.items|map(attribute='to')", ["3", "7"]),
        ("body.items|map('to')|join", "37"),
        ("body.number|map('to')", []),
        ("[0, 1, '', 'x']|select", [1, "x"]),
        ("[0, 1, '', 'x']|reject", [0, ""]),
        ("body.items|selectattr('on')|length", 1),
        ("body.items|selectattr('role', 'equalto', 'a')|map('to')", ["3"]),
        ("body.items|selectattr('role', 'ne', 'a')|map('to')", ["7"]),
        ("body.items|selectattr('role', 'in', ['a', 'b'])|length", 2),
        ("body.items|rejectattr('role', 'equalto', 'a')|map('to')", ["7"]),
        ("body.items|rejectattr('on')|map('to')", ["3"]),
        ("body.list|unique", ["b", "a"]),
        ("[[1], 1]|unique", [1]),
        ("body.list|list", ["b", "a", "b"]),
        ("body.self|before('/rest/')", "https://jira.example.com"),
        ("body.self|before('nowhere')", BODY["self"]),
        ("body.self|before('')", BODY["self"]),
        ("body.self|after('issue/')", "1"),
        ("body.self|after('nowhere')", ""),
        ("body.self|after('')", BODY["self"]),
        ("body.words|words", ["2", "normal", "high"]),
        ("(body.text|from_json).inner[1]", 2),
        ("body.name|from_json", None),
        ("(body.values|from_json).x", 1),
        ("(body.items|find('field', 'assignee')).to", "7"),
        ("body.items|find('field', 'x')", None),
        ("['boss@x.example', 'john@x.example']|named_in('Assigned to john')", "john@x.example"),
        ("['john@x.example']|named_in('Für john@x.example')", "john@x.example"),
        ("['n@x.example', 'John@x.example', 7, '@']|named_in('Assigned to john')", None),
        ("['john@x.example']|named_in(body.none)", None),
        ("body.name|named_in('john')", None),
        ("body.name|text", "Ana Silva & Co"),
        ("'&lt;b&gt;'|unescape", "<b>"),
        ("body.self|origin", "https://jira.example.com"),
        ("'ftp://example.com/x'|origin", None),
        ("'https://[x'|origin", None),
        ("body.values|pairs|map('key')", ["x", "y"]),
        ("body.list|pairs", []),
        ("body.none is defined", False),
        ("body.none is none", True),
        ("body.name is string", True),
        ("body.number is number", True),
        ("body.yes is number", False),
        ("body.values is mapping", True),
        ("body.list is sequence", True),
    ],
)
def test_filters_and_tests(text: str, wanted: Any) -> None:
    assert value(text) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boddy.x", "there is no name boddy; did you mean body? in boddy.x"),
        ("q", "there is no name q; there are body, item in q"),
        ("body()", "a call, NAME(…), may not be used in body()"),
        ("body.items.append(1)", "a call, NAME(…), may not be used"),
        ("'%s' % body", "the operator % may not be used"),
        ("body * 9", "the operator * may not be used"),
        ("9 ** 9", "the operator ** may not be used"),
        ("1 < 2 < 3", "compare two at a time, joined by `and`"),
        ("body|lowre", "there is no filter lowre; did you mean lower?"),
        ("body|first(1)", "the filter first takes no argument"),
        ("body|before", "the filter before takes 1 argument"),
        ("body|find('a')", "the filter find takes 2 arguments"),
        ("body|default(1, 2)", "the filter default takes 0 to 1 arguments"),
        ("body|default(other=2)", "the filter default takes 0 to 1 arguments"),
        ("body|map(*item)", "the filter map takes 0 to 1 arguments"),
        ("body is odd", "there is no test odd"),
        ("body is number(1)", "the test number takes no argument"),
        ("body is number(**body)", "the test number takes no argument"),
        ("{body.x: 1}", "a key of an object must be text"),
        ("{1: 2, 'a': 3}", "a key of an object must be text"),
        (r"'\ud83d' ~ body", "half of a surrogate pair is no character"),
        ("body.", "expected name or number"),
        ("body if", "unexpected 'end of template'"),
        ("a b", "nothing may follow after a b"),
        ("not " * 50 + "body", "it is too deeply nested"),
        ("(" * 900 + "body" + ")" * 900, "too deeply nested"),
        ("body.x" + " " * 200 + "~", "…"),
    ],
)
def test_what_is_not_on_the_list_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        value(text)
    assert str(caught.value).startswith("e: ")
    assert said in str(caught.value)


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Program(["body"], {"one": "x", "two": "body.y", "three": "z"}, {"let.four": "?"})
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["let.four", "one", "three"]


def test_a_let_is_known_to_what_follows_it() -> None:
    program = Program(["body"], {"e": "b ~ a"}, {"map.let.a": "body.number", "map.let.b": "a + 1"})
    assert program.run({"body": BODY}) == (["65"], {"a": 5, "b": 6})
    with pytest.raises(ConfigurationError, match="there is no name b"):
        Program(["body"], {}, {"map.let.a": "b", "map.let.b": "1"})


def test_the_names_of_an_expression() -> None:
    assert names_in("prev.x and body.y|default(z)") == {"prev", "body", "z"}
    with pytest.raises(TemplateSyntaxError):
        names_in("a b")


def test_the_keys_that_an_expression_names() -> None:
    text = "headers['x-a'] ~ headers.b ~ (item.headers.c or query.d) ~ headers[item] ~ headers[1]"
    assert keys_in(text, "headers") == {"x-a", "b"}
    assert keys_in(text, "query") == {"d"}


def test_what_is_made_has_a_bound() -> None:
    long = "x" * LONGEST_TEXT
    many = list(range(MOST_ITEMS * 2))
    assert len(value("body.t ~ body.t", body={"t": long})) == LONGEST_TEXT
    assert len(value("body.t + body.t", body={"t": long})) == LONGEST_TEXT
    assert len(value("body.t|replace('x', body.t)", body={"t": long})) == LONGEST_TEXT
    assert len(value("body.l + body.l", body={"l": many})) == MOST_ITEMS
    assert len(value("body.l|map('x')", body={"l": many})) == MOST_ITEMS
    among = {"l": [{"x": MOST_ITEMS - 1}, {"x": MOST_ITEMS}], "many": many}
    assert value("body.l|selectattr('x', 'in', body.many)|length", body=among) == 1


def test_numbers_that_python_cannot_work_with_are_nothing() -> None:
    numbers = {"huge": 10**900, "half": 0.5}
    assert value("body.huge + body.half", body=numbers) is None
    assert value("body.half - body.huge", body=numbers) is None
    assert value("body.huge > body.half", body=numbers) is True
    digits = {"html": f"a&#{'9' * 5000};b"}
    assert value("body.html|unescape", body=digits) == "a\ufffdb"
    assert value("body.html|text", body=digits) == "a\ufffdb"


HOSTILE = (10**900, -(10**900), 1e308, -1e308, f"&#{'9' * 5000};", "\x00", "9" * 400)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
    | st.sampled_from(HOSTILE)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)
EVERYTHING = (
    [f"item|{name}({', '.join(['other'] * ARGUMENTS.get(name, (0, 0))[1])})" for name in FILTERS]
    + [
        f"item {sign} other"
        for sign in ("~", "+", "-", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or")
    ]
    + ["-item", "item.a.b", "item[other]", "item[other:other]", "'x' if item", "[item, other]"]
)
WHOLE = Program(["item", "other"], {f"e{n}": text for n, text in enumerate(EVERYTHING)}, {})


@given(item=JSON, other=JSON)
@settings(max_examples=400, deadline=None)
def test_no_value_makes_any_filter_or_operator_raise(item: Any, other: Any) -> None:
    made, _ = WHOLE.run({"item": item, "other": other})
    assert len(made) == len(EVERYTHING)
