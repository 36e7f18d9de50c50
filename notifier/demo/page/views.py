"""What the pages show, as frozen values for their templates.

Takes what was caught and posted and what the service keeps, gives rows and details, newest
first. Refuses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from notifier.demo.catcher import Catcher, Caught, CaughtMail
from notifier.demo.desk import Posted
from notifier.demo.page import telling
from notifier.demo.page.history import Shape
from notifier.model import times
from notifier.rendering import sms

MOST_CALLS = 50
"""So many calls are shown."""

_LINE = 300


@dataclass(frozen=True, slots=True)
class Row:
    """One message in the list; `kind` is `Mail` or `SMS`."""

    number: int
    kind: str
    to: str
    line: str
    at: str


@dataclass(frozen=True, slots=True)
class Call:
    """One webhook and what became of it; `remark` says what is special about it."""

    id: str
    at: str
    status: int
    word: str
    kind: str
    ticket: Shape
    person: str | None
    remark: str | None
    lines: Sequence[telling.Line]


@dataclass(frozen=True, slots=True)
class Encoded:
    """How a text message travels; `room` is what one segment alone holds, as `length` counts."""

    encoding: str
    length: int
    room: int


def messages(catcher: Catcher) -> Sequence[Caught]:
    """Give every caught message, newest first."""
    caught: list[Caught] = [*catcher.mails, *catcher.sms]
    return sorted(caught, key=lambda one: one.number, reverse=True)


def row(message: Caught) -> Row:
    """Give a message as the list has it."""
    mail = isinstance(message, CaughtMail)
    line = message.subject or "(no subject)" if isinstance(message, CaughtMail) else message.body
    kind = "Mail" if mail else "SMS"
    return Row(message.number, kind, message.to, line[:_LINE], times.to_text(message.at))


def encoded(body: str) -> Encoded:
    """Give how a body travels."""
    return Encoded(sms.segments_of(body)[0], *sms.room(body))


def calls(
    posted: Sequence[Posted], events: Sequence[Shape], caught: Sequence[Caught]
) -> Sequence[Call]:
    """Give the newest calls: those of the demonstration's desk, and events from anybody else."""
    known = {event["id"]: event for event in events}
    numbers = _numbers(caught)
    mine = {one.answer.get("event_id") for one in posted}
    theirs = (_of_event(event, numbers) for event in events if event["id"] not in mine)
    ours = (_of_posted(one, known, numbers) for one in reversed(posted))
    found = sorted(chain(theirs, ours), key=lambda call: call.at, reverse=True)
    return found[:MOST_CALLS]


def _numbers(caught: Sequence[Caught]) -> dict[str, int]:
    named = (
        (one.batch_id if isinstance(one, CaughtMail) else one.sid, one.number) for one in caught
    )
    return {name: number for name, number in named if name}


def _of_posted(one: Posted, known: dict[str, Shape], numbers: dict[str, int]) -> Call:
    data = one.body["data"]
    event = known.get(one.answer.get("event_id", ""))
    return Call(
        id=f"call-{one.place}",
        at=times.to_text(one.at),
        status=one.status,
        word="refused" if one.status >= 400 else one.answer["status"],
        kind=one.body["type"],
        ticket=data["ticket"],
        person=data["assignee"].get("name"),
        remark=one.remark,
        lines=telling.outcome(one.answer, event, numbers),
    )


def _of_event(event: Shape, numbers: dict[str, int]) -> Call:
    return Call(
        id=f"call-{event['id']}",
        at=event["accepted_at"],
        status=202,
        word=event["status"],
        kind=event["type"],
        ticket=event["ticket"],
        person=event["assignee"] and event["assignee"]["name"],
        remark="posted by somebody else",
        lines=telling.outcome(event, event, numbers),
    )
