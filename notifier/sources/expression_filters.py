"""The filters, tests and operators of mapping expressions.

Takes values as JSON has them, gives such values. Refuses nothing: what a filter cannot work on
gives None. Each takes time in proportion to its input, and gives no more than a bound.
"""

import html
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from notifier.model.errors import BadPayload
from notifier.sources import strict_json

LONGEST_TEXT = 100_000
"""Characters that a text may come to; what is longer is cut."""

MOST_ITEMS = 1_000
"""Items of a list that filters look at."""

_SCALARS = (str, int, float)

_NO_CHARACTER = re.compile(r"&#[0-9]{20,};?")


def as_text(value: Any) -> str | None:
    """Give a value as text: None for nothing, lists and objects."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < LONGEST_TEXT**3:
        return str(int(value))
    return str(value) if isinstance(value, _SCALARS) else None


def get(value: Any, key: Any) -> Any:
    """Give what an object has under a key, or a list at a place; None when it is not there."""
    if isinstance(value, dict):
        return value.get(key) if isinstance(key, str) else None
    if isinstance(value, list | tuple | str) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    return None


def part(value: Any, start: Any, stop: Any, step: Any) -> Any:
    """Give a part of a list or a text."""
    marks = (start, stop, step)
    sound = step != 0 and all(mark is None or isinstance(mark, int) for mark in marks)
    return value[start:stop:step] if sound and isinstance(value, list | tuple | str) else None


# -- operators ------------------------------------------------------------------------------


def concat(parts: Sequence[Any]) -> str:
    """Put texts together; what is nothing adds nothing."""
    return "".join(as_text(part) or "" for part in parts)[:LONGEST_TEXT]


def plus(one: Any, other: Any) -> Any:
    """Add numbers, or put texts or lists together."""
    if _is_number(one) and _is_number(other):
        return _calculated(operator.add, one, other)
    if isinstance(one, str) and isinstance(other, str):
        return (one + other)[:LONGEST_TEXT]
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other][:MOST_ITEMS]
    return None


def minus(one: Any, other: Any) -> Any:
    """Subtract numbers."""
    both = _is_number(one) and _is_number(other)
    return _calculated(operator.sub, one, other) if both else None


def negative(value: Any) -> Any:
    """Give a number with the other sign."""
    return -value if _is_number(value) else None


def contained(needle: Any, container: Any) -> bool:
    """Tell whether a text is part of another, a value of a list, or a key of an object."""
    if isinstance(container, str):
        return isinstance(needle, str) and needle in container
    if isinstance(container, dict):
        return isinstance(needle, str) and needle in container
    return isinstance(container, list | tuple) and needle in container


def not_contained(needle: Any, container: Any) -> bool:
    """Tell the opposite of `contained`."""
    return not contained(needle, container)


def less(one: Any, other: Any) -> bool:
    """Compare two numbers or two texts; nothing is less than, or more than, something else."""
    return _are_ordered(one, other) and bool(one < other)


def less_or_equal(one: Any, other: Any) -> bool:
    """Compare like `less`."""
    return _are_ordered(one, other) and bool(one <= other)


def more(one: Any, other: Any) -> bool:
    """Compare like `less`."""
    return less(other, one)


def more_or_equal(one: Any, other: Any) -> bool:
    """Compare like `less`."""
    return less_or_equal(other, one)


def _calculated(work: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    try:
        return work(one, other)
    except OverflowError:
        # A whole number may be larger than any number with a fraction.
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_ordered(one: Any, other: Any) -> bool:
    both_text = isinstance(one, str) and isinstance(other, str)
    return both_text or (_is_number(one) and _is_number(other))


# -- text -----------------------------------------------------------------------------------


def _of_text(work: Callable[..., Any]) -> Callable[..., Any]:
    def filtered(value: Any, *arguments: Any) -> Any:
        text = as_text(value)
        words = [as_text(argument) for argument in arguments]
        return None if text is None or None in words else work(text, *words)

    return filtered


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0] if mark else text


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] if mark else text


def _replace(text: str, old: str, new: str) -> str:
    # Of hostile length only where each of many places takes a long text.
    return text.replace(old, new[:100])[:LONGEST_TEXT] if old else text


def _unescape(text: str) -> str:
    # Python refuses to read numbers of thousands of digits, which are no character anyway.
    return html.unescape(_NO_CHARACTER.sub("\ufffd", text))


def _plain(text: str) -> str:
    first, *parts = text.split("<")
    kept = [first, *(part.partition(">")[2] for part in parts)]
    return " ".join(_unescape(" ".join(kept)).split())


def _origin(text: str) -> str | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    known = parts.scheme in ("http", "https") and parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if known else None


def from_json(value: Any) -> Any:
    """Read JSON inside a text; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value.encode(errors="replace"))
    except BadPayload:
        return None


def integer(value: Any) -> int | None:
    """Give the whole number that a text or a number says."""
    text = as_text(value)
    try:
        return None if text is None or len(text) > 40 else int(text)
    except ValueError:
        return None


# -- lists ----------------------------------------------------------------------------------


def _items(value: Any) -> list[Any]:
    return list(value[:MOST_ITEMS]) if isinstance(value, list | tuple) else []


def default(value: Any, other: Any = "") -> Any:
    """Give the other value in place of nothing, "" included."""
    return other if value is None or value == "" else value


def first(value: Any) -> Any:
    """Give the first element."""
    return get(value, 0)


def last(value: Any) -> Any:
    """Give the last element."""
    return get(value, -1)


def length(value: Any) -> int:
    """Count elements, keys or characters."""
    return len(value) if isinstance(value, list | tuple | dict | str) else 0


def join(value: Any, separator: Any = "") -> str:
    """Put the texts of a list together."""
    words = [as_text(item) for item in _items(value)]
    return (as_text(separator) or "")[:100].join(w for w in words if w)[:LONGEST_TEXT]


def pick(value: Any, attribute: Any = None) -> list[Any]:
    """Give what each element has under a key: `map(attribute='name')`."""
    return [get(item, attribute) for item in _items(value)]


def find(value: Any, key: Any, wanted: Any) -> Any:
    """Give the first element of a list that has `wanted` under a key."""
    return next((item for item in _items(value) if get(item, key) == wanted), None)


def named_in(value: Any, text: Any) -> Any:
    """Give the first address of a list that is, or whose part before the @ is, a word of a text."""
    words = set((as_text(text) or "").split())
    for item in _items(value):
        if isinstance(item, str) and not words.isdisjoint((item, item.partition("@")[0])):
            return item
    return None


def select(value: Any) -> list[Any]:
    """Give the elements that are something."""
    return [item for item in _items(value) if item]


def reject(value: Any) -> list[Any]:
    """Give the elements that are nothing."""
    return [item for item in _items(value) if not item]


def select_by(value: Any, key: Any, test: Any = None, wanted: Any = None) -> list[Any]:
    """Give the elements whose key passes: `selectattr('role', 'equalto', 'x')`, `in`, or is set."""
    return [item for item in _items(value) if _passes(get(item, key), test, wanted)]


def reject_by(value: Any, key: Any, test: Any = None, wanted: Any = None) -> list[Any]:
    """Give the elements whose key does not pass."""
    return [item for item in _items(value) if not _passes(get(item, key), test, wanted)]


def _passes(value: Any, test: Any, wanted: Any) -> bool:
    if test is None:
        return bool(value)
    if test == "in":
        # Each of many elements is looked for: among as many at most.
        return contained(value, wanted if isinstance(wanted, dict | str) else _items(wanted))
    if test == "ne":
        return bool(value != wanted)
    return bool(value == wanted)


def unique(value: Any) -> list[Any]:
    """Give texts and numbers of a list once each."""
    known: Iterable[Any] = (item for item in _items(value) if isinstance(item, _SCALARS))
    return list(dict.fromkeys(known))


def pairs(value: Any) -> list[Mapping[str, Any]]:
    """Give an object as a list of key and value."""
    if not isinstance(value, dict):
        return []
    return [{"key": key, "value": one} for key, one in list(value.items())[:MOST_ITEMS]]


FILTERS: dict[str, Callable[..., Any]] = {
    "default": default,
    "first": first,
    "last": last,
    "length": length,
    "lower": _of_text(str.lower),
    "upper": _of_text(str.upper),
    "trim": _of_text(str.strip),
    "string": as_text,
    "int": integer,
    "join": join,
    "replace": _of_text(_replace),
    "map": pick,
    "select": select,
    "reject": reject,
    "selectattr": select_by,
    "rejectattr": reject_by,
    "list": _items,
    "unique": unique,
    "before": _of_text(_before),
    "after": _of_text(_after),
    "words": _of_text(str.split),
    "from_json": from_json,
    "find": find,
    "named_in": named_in,
    "text": _of_text(_plain),
    "unescape": _of_text(_unescape),
    "origin": _of_text(_origin),
    "pairs": pairs,
}
"""What expressions may use after a bar."""

ARGUMENTS: dict[str, tuple[int, int]] = {
    "default": (0, 1),
    "join": (0, 1),
    "replace": (2, 2),
    "map": (0, 1),
    "selectattr": (1, 3),
    "rejectattr": (1, 3),
    "before": (1, 1),
    "after": (1, 1),
    "find": (2, 2),
    "named_in": (1, 1),
}
"""The least and the most arguments of those that take any."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "_part": part,
    "_concat": concat,
    "_plus": plus,
    "_minus": minus,
    "_negative": negative,
    "_in": contained,
    "_notin": not_contained,
    "_lt": less,
    "_lteq": less_or_equal,
    "_gt": more,
    "_gteq": more_or_equal,
}
"""What the operators of expressions become, because Jinja's own raise on nothing."""

TESTS: dict[str, Callable[..., bool]] = {
    "defined": lambda value: value is not None,
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, list),
}
