"""What of a call is a secret, and must be neither stored nor shown.

Takes a call and the names that its source says hold secrets: headers in lower case, parameters
as `?name`. Gives the call without them, or what of it may be shown. Refuses nothing.

What follows the name of a source in the path is a token whenever it is there, and never kept.
"""

from dataclasses import replace
from urllib.parse import unquote_plus

from notifier.sources.call import Call

ALWAYS = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that hold secrets whatever a source says."""

HIDDEN = b"(hidden)"

Pair = tuple[bytes, bytes]


def without_secrets(call: Call, confidential: frozenset[str]) -> Call:
    """Give the call with such headers and parameters left out."""
    return replace(
        call,
        headers=tuple(pair for pair in call.headers if not _is_secret(pair[0], confidential)),
        query=b"&".join(
            part for part in _parts(call.query) if not _names_secret(part, confidential)
        ),
        tail="",
    )


def hidden(call: Call, confidential: frozenset[str]) -> Call:
    """Give the call with the values of such headers and parameters replaced."""
    return replace(
        call,
        headers=tuple(
            (name, HIDDEN if _is_secret(name, confidential) else text)
            for name, text in call.headers
        ),
        query=b"&".join(
            part.partition(b"=")[0] + b"=" + HIDDEN if _names_secret(part, confidential) else part
            for part in _parts(call.query)
        ),
        tail=HIDDEN.decode() if call.tail else "",
    )


def _parts(query: bytes) -> list[bytes]:
    return query.split(b"&") if query else []


def _is_secret(header: bytes, confidential: frozenset[str]) -> bool:
    name = header.decode("latin-1").lower()
    return name in ALWAYS or name in confidential


def _names_secret(part: bytes, confidential: frozenset[str]) -> bool:
    name = part.partition(b"=")[0].decode("latin-1")
    return f"?{unquote_plus(name)}" in confidential
