"""Structured fields of HTTP (RFC 8941), as far as signatures need them.

Takes the text of a dictionary, gives its members with what they look like. Refuses (ValueError)
everything that is not exactly so.
"""

import binascii
import re
from dataclasses import dataclass

Bare = bytes | bool | int | str
"""A byte sequence, a boolean, a whole number, or a string or token."""

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]{0,63}")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_WHOLE = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BOOLEAN = re.compile(r"\?[01]")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_COMMA = re.compile(r"[ \t]*,[ \t]*")

_MOST = 64


@dataclass(frozen=True, slots=True)
class Item:
    """A value with its parameters."""

    value: Bare
    parameters: dict[str, Bare]


@dataclass(frozen=True, slots=True)
class InnerList:
    """Items with parameters of their own; `text` is how all of it was written."""

    items: tuple[Item, ...]
    parameters: dict[str, Bare]
    text: str


def dictionary(raw: bytes) -> dict[str, Item | InnerList]:
    """Read a dictionary; raises ValueError, also for a name that stands there twice."""
    reader = _Reader(raw.decode("ascii").strip(" \t"))
    found: dict[str, Item | InnerList] = {}
    while True:
        name = reader.take(_KEY)[0]
        if name in found or len(found) == _MOST:
            raise ValueError("a name stands twice, or there are too many")
        reader.exactly("=")
        found[name] = reader.inner_list() if reader.sees("(") else reader.item()
        if reader.ended():
            return found
        reader.take(_COMMA)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def ended(self) -> bool:
        return self._at == len(self._text)

    def sees(self, start: str) -> bool:
        return self._text.startswith(start, self._at)

    def exactly(self, start: str) -> None:
        if not self.sees(start):
            raise ValueError(f"{start} is missing")
        self._at += len(start)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if not found:
            raise ValueError("not a structured field")
        self._at = found.end()
        return found

    def inner_list(self) -> InnerList:
        begun = self._at
        self.exactly("(")
        items: list[Item] = []
        while not self.sees(")"):
            if items:
                self.exactly(" ")
            items.append(self.item())
        self.exactly(")")
        parameters = self.parameters()
        return InnerList(tuple(items), parameters, self._text[begun : self._at])

    def item(self) -> Item:
        return Item(self.bare(), self.parameters())

    def parameters(self) -> dict[str, Bare]:
        found: dict[str, Bare] = {}
        while self.sees(";"):
            self.exactly(";")
            name = self.take(_KEY)[0]
            if name in found:
                raise ValueError("a parameter stands twice")
            found[name] = True
            if self.sees("="):
                self.exactly("=")
                found[name] = self.bare()
        return found

    def bare(self) -> Bare:
        if self.sees('"'):
            return re.sub(r"\\(.)", r"\1", self.take(_STRING)[1])
        if self.sees(":"):
            return binascii.a2b_base64(self.take(_BYTES)[1], strict_mode=True)
        if self.sees("?"):
            return self.take(_BOOLEAN)[0] == "?1"
        if found := _WHOLE.match(self._text, self._at):
            self._at = found.end()
            return int(found[0])
        return self.take(_TOKEN)[0]
