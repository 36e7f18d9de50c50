"""What expressions gave, as the fields of an event: text, ids, times, priorities.

Takes values as JSON has them, gives fields or None. Refuses nothing: what cannot be read as
what a field holds counts as not given, but for the ticket's id, which its caller asks for.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from notifier.model import times
from notifier.model.events import Priority
from notifier.model.times import SECOND, Instant
from notifier.sources.expression_filters import as_text

_LONGEST_ID = 255
_LONGEST_TIME = 40
_LARGEST_VERSION = 2**63 - 1
_FIRST_MILLIS = 100_000_000_000
"""As seconds this is the year 5138, as milliseconds 1973: a number from here on is milliseconds."""

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"[0-9]{1,19}")

PRIORITIES: Mapping[str, Priority] = {priority.value: priority for priority in Priority} | {
    "urgent": Priority.CRITICAL,
    "normal": Priority.MEDIUM,
}
"""The words that need no table of a source's own."""


def text(value: Any) -> str | None:
    """Give text that is something; blanks around it do not count."""
    if not isinstance(value, str):
        value = as_text(value)
        if value is None:
            return None
    return value.strip() or None


def name(value: Any) -> str | None:
    """Give an id as text of at most 255 characters."""
    found = text(value)
    return None if found is None or isinstance(value, bool) else found[:_LONGEST_ID]


def url(value: Any) -> str | None:
    """Give a whole http or https address."""
    found = text(value)
    return found if found and found.startswith(("https://", "http://")) else None


def priority(value: Any, words: Mapping[str, Priority]) -> Priority:
    """Give what a sender's word means by its table (in lower case), else by ours, else medium."""
    word = text(value)
    if word is None:
        return Priority.MEDIUM
    word = word.lower()
    return words.get(word) or PRIORITIES.get(word, Priority.MEDIUM)


def instant(value: Any) -> Instant | None:
    """Give the time that ISO 8601 text, or seconds or milliseconds since 1970, say.

    Text without a zone is UTC.
    """
    found = text(value)
    if found is None or len(found) > _LONGEST_TIME:
        return None
    if _NUMBER.fullmatch(found):
        number = float(found)
        moment = int(number if number >= _FIRST_MILLIS else number * SECOND)
    else:
        moment = _from_iso(found.removesuffix(" UTC"))
    return moment if 0 < moment <= times.LAST else None


def _from_iso(text: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return times.of(moment)


def version(value: Any) -> int | str | None:
    """Give a whole number, or a time as RFC 3339 text."""
    found = text(value)
    if found is None or isinstance(value, bool):
        return None
    if _WHOLE.fullmatch(found):
        # A time in seconds or milliseconds too: all that versions do is compare.
        return min(int(found), _LARGEST_VERSION)
    moment = instant(found)
    return None if moment is None else times.to_text(moment)


def native(value: Any, words: Mapping[str, Priority]) -> Any:
    """Give a native body with its priority and times in our words, where they are in others.

    An administrator's body has what their help desk puts into it: a priority by its own name or
    number, a time without a zone, nothing at all.
    """
    data = value.get("data") if isinstance(value, dict) else None
    ticket = data.get("ticket") if isinstance(data, dict) else None
    if not isinstance(value, dict) or not isinstance(data, dict) or not isinstance(ticket, dict):
        return value
    ours = {
        "priority": priority(ticket.get("priority"), words).value,
        "version": version(ticket.get("version")),
    }
    happened = instant(value.get("timestamp"))
    return {
        **value,
        "timestamp": None if happened is None else times.to_text(happened),
        "data": {**data, "ticket": {**ticket, **ours}},
    }
