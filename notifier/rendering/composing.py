"""A page of several files: put together, and its styles written into its tags.

Takes the sources of templates by name, gives one source. Refuses (ValueError) a page that
includes itself or grows without end, and (LookupError) a file that is not there. Mail programs
drop a style sheet, so the styles are inlined here, once, and not per mail.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

HTML = ".html.j2"

LONGEST = 256 * 1024
"""So many characters a page may have when it is put together."""

_DEEPEST = 5

_EXTENDS = re.compile(r'\{% extends "([^"]+)" %\}')
_BLOCK = re.compile(r"\{% block content %\}(.*?)\{% endblock %\}", re.DOTALL)
_INCLUDE = re.compile(r'\{% include "([^"]+)" %\}\n?')

# What the inliner must not see: it parses, moves and escapes like a browser. A statement
# becomes a comment, which may stand anywhere in a table; an expression becomes a word. Rules
# for dark and narrow screens stay a style sheet: no tag can hold them. It adds each <tbody>
# that is not there, even inside a loop, so templates write theirs.
_STATEMENT = re.compile(r'\{%.*?%\}|\{#.*?#\}|<style class="kept">.*?</style>', re.DOTALL)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_MASKED = re.compile(r"<!--jinja(\d+)-->|jinja(\d+)x")


@dataclass(slots=True)
class Composed:
    """A page in one piece, and the names of the files in it."""

    text: str = ""
    parts: set[str] = field(default_factory=set)


def takes(source: str) -> bool:
    """Tell whether a layout has the place where the content of a page goes."""
    return _BLOCK.search(source) is not None


def compose(name: str, sources: Mapping[str, str], made: Composed) -> None:
    """Put the page with its layout and parts into `made`, as Jinja would put them together.

    When that fails, `made` has the parts that were come to.
    """
    made.text = _flat(name, sources, made, 0)


def _flat(name: str, sources: Mapping[str, str], made: Composed, depth: int) -> str:
    if depth > _DEEPEST:
        raise ValueError(f"{name} includes itself")
    source = sources[name]
    made.parts.add(name)
    layout = _EXTENDS.match(source)
    if layout is not None:
        made.parts.add(layout[1])
        block = _BLOCK.search(source)
        content = "" if block is None else block[1]
        source = _BLOCK.sub(lambda _: content, sources[layout[1]], count=1)
    room = LONGEST - len(source)

    def part(found: re.Match[str]) -> str:
        nonlocal room
        text = _flat(found[1], sources, made, depth + 1)
        room -= len(text)
        if room < 0:
            raise ValueError(f"{name} is longer than {LONGEST} characters with its parts")
        return text

    return _INCLUDE.sub(part, source)


def inlined(page: str, inline: Callable[[str], str]) -> str:
    """Give an HTML page with its styles in its tags; `inline` does that for plain HTML."""
    hidden: list[str] = []

    def comment(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"<!--jinja{len(hidden) - 1}-->"

    def word(found: re.Match[str]) -> str:
        hidden.append(found[0])
        return f"jinja{len(hidden) - 1}x"

    masked = _EXPRESSION.sub(word, _STATEMENT.sub(comment, page))
    return _MASKED.sub(lambda found: hidden[int(found[1] or found[2])], inline(masked))
