"""What names somebody inside stored texts, found and taken out.

Takes the names, addresses and keys of one person, and JSON or other text; gives the text without
them. Pure. Refuses nothing: what is no JSON is searched as text.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus

from notifier.model.people import Key
from notifier.model.values import value

ERASED = "erased"
"""Stands where a name or an address was."""

_PARTIES = ("assignee", "requester", "actor")

# json.dumps would build an encoder for every text.
_encode = json.JSONEncoder(separators=(",", ":")).encode


@value
class Traces:
    """What to look for: `texts` in lower case, `keys` as the directory knows them."""

    texts: frozenset[str]
    keys: frozenset[Key]
    pattern: re.Pattern[str] | None


def traces(texts: Iterable[str], keys: Collection[Key]) -> Traces:
    """Give what to look for; a text counts where it is not part of a longer word."""
    wanted = {text for text in texts if text.strip()}
    spelled = {spelling for text in wanted for spelling in spellings(text)}
    longest_first = sorted(spelled, key=len, reverse=True)
    found = "|".join(re.escape(text) for text in longest_first)
    pattern = re.compile(rf"(?<!\w)(?:{found})(?!\w)", re.IGNORECASE) if found else None
    return Traces(frozenset(text.casefold() for text in wanted), frozenset(keys), pattern)


def spellings(text: str) -> Iterable[str]:
    """Give a text as it stands in JSON too, with and without letters beyond ASCII."""
    yield text
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]


def names(text: str, wanted: Traces) -> bool:
    """Tell whether a text holds any of it."""
    return wanted.pattern is not None and wanted.pattern.search(text) is not None


def in_body(text: str, wanted: Traces) -> bool:
    """Tell whether a body holds any of it, as it stands or as forms write it."""
    return names(text, wanted) or ("%" in text and names(unquote_plus(text), wanted))


def from_text(text: str, wanted: Traces) -> str:
    """Give a text with `erased` in the place of all of it."""
    return text if wanted.pattern is None else wanted.pattern.sub(ERASED, text)


def from_facts(source: str, text: str, wanted: Traces) -> str | None:
    """Give the facts of an event without the person, or None when they name nobody of these."""
    facts: dict[str, Any] = json.loads(text)
    gone = [role for role in _PARTIES if is_party(source, facts.get(role), wanted)]
    for role in gone:
        del facts[role]
    ticket = {name: _cleaned(one, wanted) for name, one in facts["ticket"].items()}
    cleaned = {**facts, "ticket": ticket}
    return _encode(cleaned) if gone or cleaned != facts else None


def from_ticket(source: str, text: str, wanted: Traces) -> str | None:
    """Give what is remembered of a ticket without the person, or None when it is somebody else."""
    state: dict[str, Any] = json.loads(text)
    if not is_party(source, state.get("assignee"), wanted):
        return None
    return _encode({**state, "assignee": None})


def is_party(source: str, party: Mapping[str, str | None] | None, wanted: Traces) -> bool:
    """Tell whether a stored party is the person: by a key, an address, or a name and nothing else.

    Somebody of the same name whom the source knows by another id is another person.
    """
    if not party:
        return False
    given = {(kind, source, party.get(kind)) for kind in ("id", "login") if party.get(kind)}
    if given & wanted.keys:
        return True
    if any(_is(party.get(field), wanted) for field in ("email", "phone")):
        return True
    return not given and _is(party.get("name"), wanted)


def _is(text: str | None, wanted: Traces) -> bool:
    return text is not None and text.casefold() in wanted.texts


def _cleaned(given: object, wanted: Traces) -> object:
    return from_text(given, wanted) if isinstance(given, str) else given
