"""Example facts: what a template of the operator's is tried with before it is used.

Takes the style, gives facts by folder: the usual, what is unknown left empty, and the longest.
Refuses nothing. Their names are the variables that a template may use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from notifier.model.events import Event, Party, Priority, Ticket
from notifier.rendering import facts, text
from notifier.rendering.facts import Facts, Line
from notifier.rendering.style import Style

LAYOUT = "_layout"

_SUBJECT = "An example subject"

_USUAL = Event(
    "default",
    "example",
    "ticket.assigned",
    0,
    Ticket("123", "Printer Not Working", "123", Priority.HIGH, "open", "Hardware"),
    Party("7", "John Smith", "john@example.com"),
    Party("9", "Jane Doe", "jane@example.com"),
    Party("1", "Administrator"),
)
_BARE = Event(
    "default", "example", "ticket.assigned", 0, Ticket("1", "", "1", Priority.LOW), None, None, None
)
_WIDE = "<&\"'>" * 200


def of_folders(style: Style, folders: Sequence[str]) -> Mapping[str, Sequence[Facts]]:
    """Give facts for the messages of these folders; `rollup` is about several tickets."""
    linked = replace(style, url_template="https://desk.example.com/tickets/{id}")
    one = [
        _said("John Smith", style) | facts.single(_USUAL, linked),
        _said("", style) | facts.single(_BARE, replace(style, url_template=None)),
        _said(_WIDE[: text.NAME], style) | facts.single(_longest(), linked),
        *(_said("John Smith", style) | facts.single(_of(one), linked) for one in Priority),
    ]
    several = [
        _said("John Smith", style) | facts.rollup(count, _lines(count, wide), linked)
        for count, wide in ((2, False), (7, False), (300, True))
    ]
    return {folder: several if folder == "rollup" else one for folder in folders}


def variables(name: str, known: Mapping[str, Sequence[Facts]]) -> frozenset[str]:
    """Give the variables that a file may use, all folders' together for a layout."""
    folder, _, part = name.partition("/")
    used = known.values() if folder == LAYOUT else (known[folder],)
    found = {one for every in used for sample in every for one in sample}
    found |= {"subject"} if part.startswith("body") or folder == LAYOUT else set()
    return frozenset(found | {"tones"} if name.endswith(".html.j2") else found) | (
        {"details"} if folder == LAYOUT else set()
    )


def for_part(name: str, sample: Facts) -> Facts:
    """Give the facts as a part of a message gets them."""
    part = name.partition("/")[2]
    if part.startswith("body"):
        return sample | {"subject": _SUBJECT}
    # The title comes last in a text message, as much of it as fits.
    return sample | {"title": ""} if part.startswith("sms") and "title" in sample else sample


def _said(name: str, style: Style) -> Facts:
    return {"name": name, "from_name": text.clean(style.from_name, text.NAME)}


def _of(priority: Priority) -> Event:
    return replace(_USUAL, ticket=replace(_USUAL.ticket, priority=priority))


def _longest() -> Event:
    party = Party("1", _WIDE)
    ticket = replace(_USUAL.ticket, title=_WIDE, number=_WIDE, category=_WIDE)
    return replace(_USUAL, ticket=ticket, requester=party, actor=party)


def _lines(count: int, wide: bool) -> list[Line]:
    event = _longest() if wide else _USUAL
    return [
        Line(place, replace(event, ticket=replace(event.ticket, id=str(place))))
        for place in range(count)
    ]
