"""How long a text message is, and how to make it fit.

Takes any str, gives its encoding and its segments as networks count them (3GPP TS 23.038 and
23.040). Refuses nothing.
"""

import bisect
from collections.abc import Iterable

from notifier.rendering import gsm, text

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

LONGEST_NUMBER = 40
"""UTF-16 units: with the priority before it a number this long is still inside one segment."""

# (alone, as one of several): a header of six octets joins several segments.
_SIZES = {GSM_7: (160, 153), UCS_2: (70, 67)}
_MARKS = {GSM_7: "...", UCS_2: text.ELLIPSIS}


def segments_of(body: str) -> tuple[str, int]:
    """Give the encoding the body needs, `GSM-7` or `UCS-2`, and its segments (0 when empty)."""
    encoding = GSM_7 if gsm.ALPHABET.issuperset(body) else UCS_2
    return encoding, _segments(encoding, body)


def count(body: str) -> int:
    """Give the segments of a body."""
    return segments_of(body)[1]


def room(body: str) -> tuple[int, int]:
    """Give what the body takes, in septets or UTF-16 units, and what a segment alone holds."""
    encoding, _ = segments_of(body)
    return sum(_costs(encoding, body)), _SIZES[encoding][0]


def fits(body: str, max_segments: int) -> bool:
    """Tell whether the body, in GSM-7 if it can be said in it, needs no more segments."""
    return count(_plain(body)) <= max_segments


def fit(head: str, title: str, max_segments: int) -> str:
    """Give `head` and as much of `title` as fits in `max_segments` (at least 1).

    In GSM-7 where both can be said in it, or where that shows more of the title. The head is
    cut only when it does not fit by itself.
    """
    if not title:
        head = head.rstrip(" :")
    if not fits(head, max_segments):
        return _fitted("", head, max_segments)
    return _fitted(head, title, max_segments)


def short_number(number: str) -> str:
    """Give a ticket's number, cut after 40 UTF-16 units, in GSM-7 if it can be said in it."""
    number = _plain(number)
    while _units(number) > LONGEST_NUMBER:
        number = text.shorten(number, len(number) - 1)
    return number


def _fitted(head: str, tail: str, max_segments: int) -> str:
    tail = tail[: max_segments * _SIZES[GSM_7][0] + 1]
    whole = _plain(head + tail)
    if count(whole) <= max_segments:
        return whole
    cuts = [_longest(UCS_2, head, tail, max_segments)]
    plain_head, read = gsm.translate(head)
    if read == len(head):
        cuts.append(_longest(GSM_7, plain_head, gsm.translate(tail)[0], max_segments))
    return max(reversed(cuts), key=len) or _plain(head.rstrip(" :"))


def _longest(encoding: str, head: str, tail: str, max_segments: int) -> str:
    """Give the head with the longest cut of the tail that fits; empty when none does."""
    mark = _MARKS[encoding]

    def cut(length: int) -> str:
        return head + tail[: text.boundary(tail, length)].rstrip() + mark

    fitting = bisect.bisect_right(
        range(len(tail) + 1), max_segments, key=lambda length: _segments(encoding, cut(length))
    )
    return cut(fitting - 1) if fitting else ""


def _plain(body: str) -> str:
    near, read = gsm.translate(body)
    return near if read == len(body) else body


def _units(body: str) -> int:
    return sum(_costs(UCS_2, body))


def _costs(encoding: str, body: str) -> Iterable[int]:
    if encoding == GSM_7:
        return (2 if letter in gsm.EXTENSION else 1 for letter in body)
    return (2 if letter > "\uffff" else 1 for letter in body)


def _segments(encoding: str, body: str) -> int:
    alone, joined = _SIZES[encoding]
    costs = list(_costs(encoding, body))
    if sum(costs) <= alone:
        return 1 if costs else 0
    segments, room = 0, 0
    for cost in costs:
        # A pair is never split: what is left of a segment stays empty.
        if cost > room:
            segments, room = segments + 1, joined
        room -= cost
    return segments
