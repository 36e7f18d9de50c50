"""JSON as RFC 8259 has it, and nothing that parsers disagree about.

Takes bytes, gives dicts, lists, text, numbers, booleans and None. Refuses (BadPayload) what is
not UTF-8 or not JSON, and what two readers could understand differently: duplicate names, NaN
and Infinity, numbers past all bounds, deep nesting.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import NoReturn

from notifier.model.errors import BadPayload

_DEEPEST = 32
_USUAL_DEPTH = 8
_LONGEST_INTEGER = 1000
_LONGEST_NAME_SHOWN = 100

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")

_STEPS = {ord("["): 1, ord("]"): -1}
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|.)",
    re.DOTALL,
)
_PERHAPS_LONE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(body: bytes) -> object:
    """Read a body; raises BadPayload with a sentence for the caller.

    Half of a surrogate pair, which is no character, is read as U+FFFD: some senders cut text
    in the middle of an emoji, and that is no reason to lose an event.
    """
    text = _decode(body)
    _check_depth(body)
    if _PERHAPS_LONE.search(text):
        text = _ESCAPE.sub(_mended, text)
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadPayload(f"The body is not JSON: {error.msg} at {place}.") from None
    return value


def _decode(body: bytes) -> str:
    if body.startswith(_BYTE_ORDER_MARKS):
        raise BadPayload("The body starts with a byte order mark; send UTF-8 without one.")
    if b"\x00" in body:
        raise BadPayload("The body holds a NUL byte, as UTF-16 and UTF-32 do; send UTF-8.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadPayload(f"The body is not UTF-8, from byte {error.start} on.") from None


def _check_depth(body: bytes) -> None:
    # Before parsing: a parser goes down into every bracket, and its stack has an end.
    if _openings(body) <= _DEEPEST:
        return
    # Every other part between quotation marks is text, once those that are escaped are gone.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    brackets = b"".join(plain.split(b'"')[::2]).translate(_ONE_KIND, _NO_BRACKETS)
    peeled = brackets
    for peels in range(_USUAL_DEPTH):
        # Each peel takes one level off, and no more can be left than there are openings.
        if peeled.count(b"[") + peels <= _DEEPEST:
            return
        peeled = peeled.replace(b"[]", b"")
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > _DEEPEST:
        raise BadPayload(f"The body is nested deeper than {_DEEPEST} levels.")


def _openings(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _mended(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["lone"] else escape[0]


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    ((name, _),) = Counter(name for name, _ in pairs).most_common(1)
    raise BadPayload(f"The name {name[:_LONGEST_NAME_SHOWN]!r} stands twice in one object.")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise BadPayload(f"The body holds a number of more than {_LONGEST_INTEGER} digits.")
    return int(digits)


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BadPayload("The body holds a number that is too large to be read.")
    return number


def _refuse_constant(constant: str) -> NoReturn:
    raise BadPayload(f"The body holds {constant}, which is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_fraction,
    parse_constant=_refuse_constant,
)
