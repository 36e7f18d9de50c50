"""What the templates may say: a batch as plain, clean text.

Takes a batch, gives mappings of text and numbers for the templates, without an object that
one could reach through. Refuses nothing; descriptions, comments and telephone numbers are not
even looked at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from notifier.model import times
from notifier.model.deliveries import Batch, Member
from notifier.model.events import Event, Party, Ticket
from notifier.model.rates import Limits, duration_text
from notifier.model.times import Millis
from notifier.rendering import links, text
from notifier.rendering.style import Style

Facts = dict[str, object]

LISTED = 50
"""So many tickets of a roll-up have a line of their own."""

NAMED = 3
"""So many tickets are named in its subject."""

# Each keeps a roll-up of 50 hostile tickets below 100 kB.
_TRAILING = 30
_LISTED_TITLE = 100
_LISTED_NUMBER = 40
_LISTED_LINK = 120

_UNITS = {
    times.SECOND: "second",
    times.MINUTE: "minute",
    times.HOUR: "hour",
    times.DAY: "day",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket as it was last heard of in a batch."""

    ticket_id: int
    event: Event

    @property
    def priority(self) -> str:
        """Give the badge text."""
        return self.event.ticket.priority.upper()

    @property
    def number(self) -> str:
        """Give the number with exactly the `#` it should have."""
        return number_of(self.event.ticket)


def number_of(ticket: Ticket) -> str:
    """Give a ticket's number, or its id when nothing of that shows, with one leading `#`."""
    shown = text.clean(ticket.number, text.NUMBER) or text.clean(ticket.id, text.NUMBER)
    return shown if shown.startswith("#") else f"#{shown}"


def lines_of(members: Sequence[Member]) -> list[Line]:
    """Give each ticket once, in its last state: highest priority first, then oldest."""
    last: dict[int, Line] = {}
    for member in members:
        last[member.ticket_id] = Line(member.ticket_id, member.event)
    return sorted(last.values(), key=lambda line: line.event.ticket.priority.rank)


def shared(batch: Batch, style: Style) -> Facts:
    """Give what every message may say: `name` of the person, empty if unknown; `from_name`."""
    names = (text.clean(member.person_name, text.NAME) for member in batch.members)
    return {
        "name": next(filter(None, names), ""),
        "from_name": text.clean(style.from_name, text.NAME),
    }


def single(event: Event, style: Style) -> Facts:
    """Give what a message about one ticket may say; empty text is unknown."""
    ticket = event.ticket
    return {
        "number": number_of(ticket),
        "title": text.clean(ticket.title, text.TITLE),
        "priority": ticket.priority.upper(),
        "category": text.clean(ticket.category, text.NAME),
        "assigned_by": _name(event.actor),
        "created_by": _name(event.requester) or _name(event.actor),
        "link": links.link_of(ticket, style) or "",
    }


def rollup(notices: int, lines: Sequence[Line], style: Style) -> Facts:
    """Give what a message about several tickets may say; `priority` is the highest."""
    numbers = [text.shorten(line.number, _LISTED_NUMBER) for line in lines]
    rest = numbers[LISTED:]
    return {
        "notices": notices,
        "priority": lines[0].priority,
        "limit": limit_text(style.limits.get("email")),
        "count": len(lines),
        "named": numbers[:NAMED],
        "unnamed": max(len(lines) - NAMED, 0),
        "tickets": [_listed(line, style) for line in lines[:LISTED]],
        "unlisted": len(rest),
        "rest": rest[:_TRAILING],
        "rest_is_cut": len(rest) > _TRAILING,
    }


def limit_text(limits: Limits | None) -> str:
    """Give the first window in words, `5 mails per minute`; empty when there is no limit."""
    if limits is None or not limits.normal:
        return ""
    window = limits.normal[0]
    mails = "mail" if window.count == 1 else "mails"
    return f"{window.count} {mails} per {_in_words(window.length)}"


def _in_words(length: Millis) -> str:
    for unit, word in sorted(_UNITS.items(), reverse=True):
        if length and length % unit == 0:
            number = length // unit
            return word if number == 1 else f"{number} {word}s"
    return duration_text(length)


def _listed(line: Line, style: Style) -> Facts:
    ticket = line.event.ticket
    link = links.link_of(ticket, style) or ""
    verb = line.event.type.rpartition(".")[2].replace("_", " ")
    return {
        "number": text.shorten(line.number, _LISTED_NUMBER),
        "priority": line.priority,
        "title": text.clean(ticket.title, _LISTED_TITLE),
        "verb": text.clean(verb, _LISTED_NUMBER),
        "link": link if len(link) <= _LISTED_LINK else "",
    }


def _name(party: Party | None) -> str:
    return "" if party is None else text.clean(party.name, text.NAME)


def only_ticket(lines: Iterable[Line]) -> tuple[str, str] | None:
    """Give source and id of the only ticket, or None when there are several."""
    found = {(line.event.source, line.event.ticket.id) for line in lines}
    return found.pop() if len(found) == 1 else None
