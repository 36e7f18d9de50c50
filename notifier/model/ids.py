"""Identifiers: 64 bits, ordered by time, shown as prefixed base32 text.

Takes the time from a clock, gives integers for the store and opaque text for everybody else.
Refuses text of another kind or alphabet (ValueError).
"""

from typing import Literal

from notifier.model.times import Clock, Instant

Kind = Literal["evt", "dlv", "bat", "per"]

# Crockford's alphabet in lower case: sorts like the number, has no look-alikes.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 13
# Two letters at a time: every answer and every line of the log shows several ids.
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)

_NODE_BITS = 9
_SEQUENCE_BITS = 12


class IdMaker:
    """Gives ids that grow: 42 bits of milliseconds, 9 of node, 12 of sequence."""

    def __init__(self, clock: Clock, node: int = 0) -> None:
        """`node` (0 to 511) tells processes that share one database apart."""
        self._clock = clock
        self._node = node
        self._last = 0
        self._sequence = 0

    def next(self) -> int:
        """Give an id larger than every one this maker gave before."""
        now = self._clock.now()
        if now <= self._last:
            now = self._last
            self._sequence += 1
            if self._sequence >> _SEQUENCE_BITS:
                # More than 4,096 in a millisecond borrow from the next one.
                now += 1
                self._sequence = 0
        else:
            self._sequence = 0
        self._last = now
        return now << (_NODE_BITS + _SEQUENCE_BITS) | self._node << _SEQUENCE_BITS | self._sequence

    @staticmethod
    def floor(instant: Instant) -> int:
        """Give the smallest id that could have been made at that instant; 63 bits at most."""
        return min(max(instant, 0) << (_NODE_BITS + _SEQUENCE_BITS), 2**63 - 1)

    @staticmethod
    def made_at(number: int) -> Instant:
        """Give the instant at which an id was made."""
        return number >> (_NODE_BITS + _SEQUENCE_BITS)

    def resume(self, last: int) -> None:
        """Start above `last`, the largest id already in use."""
        self._last = max(self._last, (last >> (_NODE_BITS + _SEQUENCE_BITS)) + 1)


def public(kind: Kind, number: int) -> str:
    """Give the text form, for example `evt_01j9z…`; it sorts like the number."""
    first, pairs = _ALPHABET[number >> 60 & 31], _PAIRS
    return (
        f"{kind}_{first}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}"
        f"{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}"
        f"{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    )


def public_or_none(kind: Kind, number: int | None) -> str | None:
    """Give the text form of an id that may not be there."""
    return None if number is None else public(kind, number)


def private(kind: Kind, text: str) -> int:
    """Read the text form back; raises ValueError when it is not one of that kind."""
    prefix, _, letters = text.partition("_")
    if prefix != kind or len(letters) != _LENGTH or not set(letters) <= _VALUES.keys():
        raise ValueError(f"not an id of the form {kind}_…")
    number = 0
    for letter in letters:
        number = number << 5 | _VALUES[letter]
    if number >> 63:
        raise ValueError(f"not an id of the form {kind}_…")
    return number
