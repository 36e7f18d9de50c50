"""On which line of a TOML file a key stands, for people who look for what is wrong there.

Takes the text of a file that was read, and the place that a fault names (`sources.desk.auth.0`,
`sources.desk.map.fields."ticket.id"`). Gives the line of the longest beginning of it that is
written, None when nothing of it is. Refuses nothing: inside of texts of several lines, and of
tables in braces, it may name the line on which they begin.
"""

import re

Place = tuple[str, ...]

_WORD = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_KEY = rf"(?:{_WORD})(?:\s*\.\s*(?:{_WORD}))*"
_TABLE = re.compile(rf"\s*\[(?P<key>\s*{_KEY}\s*)\]\s*(?:#.*)?")
_ITEM = re.compile(rf"\s*\[\[(?P<key>\s*{_KEY}\s*)\]\]\s*(?:#.*)?")
_VALUE = re.compile(rf"\s*(?P<key>{_KEY})\s*=.*")
_PART = re.compile(_WORD)


def line_of(text: str, place: str) -> int | None:
    """Give the line, counted from 1."""
    written = _written(text)
    wanted = _parts(place)
    for length in range(len(wanted), 0, -1):
        if wanted[:length] in written:
            return written[wanted[:length]]
    return None


def _written(text: str) -> dict[Place, int]:
    """Give every table and key with the line on which it is first named."""
    found: dict[Place, int] = {}
    items: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if item := _ITEM.fullmatch(line):
            key = _inside(_parts(item["key"]), items)
            items[key] = items.get(key, -1) + 1
            table = (*key, str(items[key]))
            _note(found, table, number)
        elif header := _TABLE.fullmatch(line):
            table = _inside(_parts(header["key"]), items)
            _note(found, table, number)
        elif value := _VALUE.fullmatch(line):
            _note(found, (*table, *_parts(value["key"])), number)
    return found


def _note(found: dict[Place, int], place: Place, line: int) -> None:
    for length in range(1, len(place) + 1):
        found.setdefault(place[:length], line)


def _inside(key: Place, items: dict[Place, int]) -> Place:
    """Give a key with the number of the last item wherever it leads through a list of tables."""
    place: Place = ()
    for at, part in enumerate(key):
        place = (*place, part)
        if at < len(key) - 1 and place in items:
            place = (*place, str(items[place]))
    return place


def _parts(key: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(key))
