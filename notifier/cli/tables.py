"""Rows and paragraphs for a terminal.

Takes text, gives lines that fit: columns aligned by the cells that characters take, long values
shortened, paragraphs indented. Refuses nothing; what comes from outside is cleaned of control
characters, which a terminal would obey.
"""

import shutil
import textwrap
import unicodedata
from collections.abc import Sequence

from notifier.rendering.text import clean, shorten

_WIDE = 100
"""Columns, when nothing says how many there are."""

_LONGEST = 1_000
_GAP = "  "


def columns() -> int:
    """Give how many columns the reader has."""
    return shutil.get_terminal_size((_WIDE, 24)).columns


def tidy(value: object, most: int = _LONGEST) -> str:
    """Give a value as one clean line of at most `most` characters; `-` for None and nothing."""
    return clean(None if value is None else str(value), most) or "-"


def table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], least: Sequence[int]
) -> list[str]:
    """Give lines of columns. `least` is how far each column may be narrowed, 0 for not at all.

    The widest column that may be narrowed is, until a line fits or none may any more.
    """
    texts = [list(heads), *([tidy(value) for value in row] for row in rows)]
    widths = [max(_cells(row[at]) for row in texts) for at in range(len(heads))]
    while sum(widths) + len(_GAP) * (len(widths) - 1) > columns():
        spare = {at: width for at, width in enumerate(widths) if 0 < least[at] < width}
        if not spare:
            break
        widths[max(spare, key=lambda at: spare[at])] -= 1
    return [_line(row, widths) for row in texts]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    shown = [_cut(text, width) for text, width in zip(row, widths, strict=True)]
    padded = [
        text + " " * (width - _cells(text)) for text, width in zip(shown, widths, strict=True)
    ]
    return _GAP.join(padded).rstrip()


def _cut(text: str, width: int) -> str:
    length = len(text)
    while _cells(text) > width:
        length -= 1
        text = shorten(text, length)
    return text


def _cells(text: str) -> int:
    return sum(_cells_of(letter) for letter in text)


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def pairs(named: Sequence[tuple[str, object]]) -> list[str]:
    """Give `name  value` lines, the values below one another; what is None is left out."""
    shown = [(name, tidy(value)) for name, value in named if value is not None]
    wide = max((len(name) for name, _ in shown), default=0)
    return [
        line
        for name, value in shown
        for line in paragraph(value, f"{name:<{wide}}{_GAP}", " " * (wide + len(_GAP)))
    ]


def paragraph(text: str, first: str, others: str) -> list[str]:
    """Give a text in lines that fit, the first one begun with `first`, the rest with `others`."""
    wrapped = textwrap.wrap(
        text,
        columns(),
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [first.rstrip()]
