"""Why a signature did not match, as exactly as can be found out.

Takes a refused call and what it was held against, gives a sentence for the operator's log. Refuses
nothing. It costs many times what verifying does, so there is only so much of it in a second.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from notifier.model.times import SECOND, Instant
from notifier.sources.call import Call
from notifier.sources.schemes.base import NO_MATCH, RETIRED
from notifier.sources.schemes.keys import Key
from notifier.sources.schemes.template import BODY, Template, alone

LARGEST = 256 * 1024
"""Bodies over this are not written anew."""

_A_SECOND = 256 * 1024
_A_CALL = 32 * 1024
# What is spent in a second: bytes of bodies, and for each call as many as it costs besides.

RESERIALISED = "signature matches the body re-serialised, not the raw bytes"


@dataclass(frozen=True, slots=True)
class Seen:
    """A call whose signatures fit none of the active keys."""

    call: Call
    given: bytes
    signatures: Sequence[bytes]
    template: Template
    keys: Sequence[Key] = field(repr=False)
    retired: Sequence[Key] = field(repr=False)
    misread: Sequence["Misread"] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Misread:
    """The active secrets as a mistaken table would have them, and what to do about it."""

    mend: str
    keys: Sequence[Key] = field(repr=False)


def fit(seen: Seen, template: Template, keys: Sequence[Key], call: Call) -> bool:
    """Tell whether a signature is that of the call; every key is tried whatever the others say."""
    matched = False
    for key in keys:
        data = template.data(call, seen.given, key.secret)
        matched |= key.fits(data, seen.signatures)
    return matched


class Diagnosis:
    """Remembers what it has spent in the present second."""

    def __init__(self, timestamp: str | None) -> None:
        """`timestamp` is the part of the template that holds the time."""
        self._timestamp = timestamp
        self._second = 0
        self._spent = 0

    def cause(self, seen: Seen, now: Instant) -> str:
        """Give the sentence."""
        if not self._may_look(len(seen.call.body), now // SECOND):
            return NO_MATCH
        for cause, template, keys, call in self._attempts(seen):
            if fit(seen, template, keys, call):
                return cause
        return NO_MATCH

    def _may_look(self, size: int, second: int) -> bool:
        # A stranger must not make us work for each of many calls.
        if second != self._second:
            self._second, self._spent = second, 0
        cost = _A_CALL + size
        if self._spent and self._spent + cost > _A_SECOND:
            return False
        self._spent += cost
        return True

    def _attempts(self, seen: Seen) -> Iterator[tuple[str, Template, Sequence[Key], Call]]:
        yield RETIRED, seen.template, seen.retired, seen.call
        for one in seen.misread:
            cause = f"signature matches the secret read otherwise: {one.mend}"
            yield cause, seen.template, one.keys, seen.call
        for what, template in self._templates(seen.template):
            yield f"signature matches {what}", template, seen.keys, seen.call
        for cause, body in _bodies(seen.call.body):
            yield cause, seen.template, seen.keys, replace(seen.call, body=body)

    def _templates(self, whole: Template) -> Iterator[tuple[str, Template]]:
        if whole.names == (BODY,):
            return
        yield "the body alone", alone()
        if self._timestamp in whole.names:
            yield "without the timestamp", whole.without(self._timestamp)
        yield "the parts in reverse order", whole.reversed()


def _bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    bare = body.rstrip(b"\r\n")
    if bare != body:
        yield "signature matches the body without the line break at its end", bare
    else:
        yield "signature matches the body with a line break at its end", body + b"\n"
    if len(body) > LARGEST:
        return
    try:
        value = json.loads(body)
        for separators in ((",", ":"), (", ", ": ")):
            for ascii_only in (False, True):
                text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
                yield RESERIALISED, text.encode(errors="replace")
    except (ValueError, RecursionError):
        # Nesting that can just be read may be too deep to be written.
        return
