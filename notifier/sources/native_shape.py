"""The shape of a native event: what its fields may hold.

Takes the value that a body was read to, gives it as models, read once. Refuses (WrongShape)
every wrong place at once, each with what would be right. Unknown fields do no harm.
"""

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import PydanticCustomError

from notifier.model import times
from notifier.model.errors import Fault, WrongShape
from notifier.model.events import Priority
from notifier.model.times import Instant

_LONGEST_ID = 255
_LARGEST_VERSION = 2**63 - 1
_EXACT = 2**53
"""Beyond this a number with a fraction no longer tells neighbours apart."""

_PREFIX = "ticket."
_EXAMPLE = "2026-11-23T09:00:00Z"
_WRONG_TIME = f"must be a time since 1970, for example {_EXAMPLE}"
_WRONG_VERSION = f"must be a whole number, or a time since 1970 such as {_EXAMPLE}"

# RFC 3339, section 5.6. What it allows beyond this (a leap second) has no instant of its own.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_LONGEST_TIME = 64

_PRIORITIES = {priority.value: priority for priority in Priority} | {
    "": Priority.MEDIUM,
    "normal": Priority.MEDIUM,
    "urgent": Priority.CRITICAL,
}


def _wrong(message: str) -> PydanticCustomError:
    # A template must be literal text, which a message made elsewhere is not.
    return PydanticCustomError("wrong", "{message}", {"message": message})


def _filled(value: object) -> object:
    return None if value == "" else value


def _required(value: object) -> object:
    if value is None or value == "":
        raise _wrong("is required")
    return value


def _whole(value: object) -> object:
    """Give 7 for 7.0, which JSON Schema and some senders' libraries hold to be the same."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value


def _name(value: object) -> object:
    if type(value) is str and 0 < len(value) <= _LONGEST_ID:
        return value
    if value is None or value == "":
        return None
    value = _whole(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _wrong("must be text or a whole number")
    text = str(value)
    if len(text) > _LONGEST_ID:
        raise _wrong(f"must have at most {_LONGEST_ID} characters")
    return text


def _required_name(value: object) -> object:
    return _name(_required(value))


def _kind(value: object) -> object:
    if not isinstance(_required(value), str) or not str(value).startswith(_PREFIX):
        raise _wrong(f"must begin with {_PREFIX}, for example ticket.assigned")
    return _name(value)


def _priority(value: object) -> object:
    if value is None:
        return Priority.MEDIUM
    found = _PRIORITIES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise _wrong("must be critical (or urgent), high, medium (or normal) or low")
    return found


def _time(value: object, message: str) -> tuple[str, Instant]:
    """Give RFC 3339 text in the one form that is read everywhere, and what it says."""
    if isinstance(value, str) and len(value) <= _LONGEST_TIME and _TIME.fullmatch(value):
        text = value.upper()
        instant = _read(text)
        if 0 <= instant <= times.LAST:
            return text, instant
    raise _wrong(message)


def _read(text: str) -> Instant:
    try:
        return times.from_text(text)
    except ValueError:
        return -1


def _instant(value: object) -> object:
    if value is None or value == "":
        return None
    _, instant = _time(value, _WRONG_TIME)
    return instant


def _version(value: object) -> object:
    if value is None or value == "":
        return None
    value = _whole(value)
    if type(value) is int:
        if 0 <= value <= _LARGEST_VERSION:
            return value
        raise _wrong("must be from 0 to 9223372036854775807")
    text, _ = _time(value, _WRONG_VERSION)
    return text


_Kind = Annotated[str, BeforeValidator(_kind)]
_RequiredName = Annotated[str, BeforeValidator(_required_name)]
_RequiredText = Annotated[str, BeforeValidator(_required)]
_Name = Annotated[str | None, BeforeValidator(_name)]


class PartyShape(BaseModel):
    """Somebody the event names; text may be empty, which says no more than None."""

    id: _Name = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    login: str | None = None


_Party = Annotated[PartyShape | None, BeforeValidator(_filled)]


class TicketShape(BaseModel):
    """The ticket; a version is a whole number, or RFC 3339 text. Text may be empty."""

    id: _RequiredName
    title: _RequiredText
    number: _Name = None
    priority: Annotated[Priority, BeforeValidator(_priority)] = Priority.MEDIUM
    status: str | None = None
    category: str | None = None
    url: str | None = None
    version: Annotated[int | str | None, BeforeValidator(_version)] = None


class DataShape(BaseModel):
    """What the event is about."""

    ticket: Annotated[TicketShape, BeforeValidator(_required)]
    assignee: _Party = None
    requester: _Party = None
    actor: _Party = None


class EventShape(BaseModel):
    """The whole body."""

    type: _Kind
    timestamp: Annotated[Instant | None, BeforeValidator(_instant)] = None
    data: Annotated[DataShape, BeforeValidator(_required)]


_PLAIN = {
    "missing": "is required",
    "string_type": "must be text",
    "model_type": "must be an object",
}


def read(value: object) -> EventShape:
    """Read a value as an event; raises WrongShape."""
    if not isinstance(value, dict):
        raise WrongShape([Fault("", "the body must be an object with type and data")])
    try:
        return EventShape.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise WrongShape(
            [
                Fault(".".join(map(str, one["loc"])), _PLAIN.get(one["type"], one["msg"]))
                for one in found
            ]
        ) from None
