"""What of a call is a secret, and must be neither stored nor shown.

Takes a call and the places that its source says hold secrets: headers in lower case, parameters
as `?name`, places in the body as `body:path`. Gives the call without them, or what of it may be
shown. Refuses nothing.

What follows the name of a source in the path is a token whenever it is there, and never kept.
"""

import json
import re
from dataclasses import replace
from urllib.parse import quote, quote_plus, unquote

from notifier.model.errors import WebhookError
from notifier.sources import lookup
from notifier.sources.call import Call

ALWAYS = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that hold secrets whatever a source says."""

_TELLING = re.compile("token|secret|passw|api[-_]?key", re.IGNORECASE)
"""What the name says of a place that a source does not know, where somebody put its secret."""

HIDDEN = b"(hidden)"

_IN_BODY = "body:"

Pair = tuple[bytes, bytes]


def without_secrets(call: Call, confidential: frozenset[str]) -> Call:
    """Give the call with such headers and parameters left out; its body stays as it is."""
    return replace(
        call,
        headers=tuple(pair for pair in call.headers if not _is_secret(pair[0], confidential)),
        query=b"&".join(
            part for part in _parts(call.query) if not _names_secret(part, confidential)
        ),
        tail="",
    )


def hidden(call: Call, confidential: frozenset[str]) -> Call:
    """Give the call with all such values replaced; where one cannot be found, the whole body.

    So are values of other headers and parameters whose names say that they are secret.
    """
    return replace(
        call,
        headers=tuple(
            (name, HIDDEN if _is_secret(name, confidential) or _sounds_secret(name) else text)
            for name, text in call.headers
        ),
        query=b"&".join(
            part.partition(b"=")[0] + b"=" + HIDDEN
            if _names_secret(part, confidential) or _sounds_secret(part.partition(b"=")[0])
            else part
            for part in _parts(call.query)
        ),
        tail=HIDDEN.decode() if call.tail else "",
        body=_shown_body(call, confidential),
    )


def _shown_body(call: Call, confidential: frozenset[str]) -> bytes:
    body = call.body
    for place in confidential:
        if place.startswith(_IN_BODY) and body:
            body = _without(body, _in_body(call, place.removeprefix(_IN_BODY)))
    return body


def _in_body(call: Call, path: str) -> str | None:
    try:
        return lookup.in_body(call, path, "auto")
    except WebhookError:
        return None


def _without(body: bytes, secret: str | None) -> bytes:
    if not secret:
        return HIDDEN
    shown = body
    for written in (
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    ):
        shown = shown.replace(written.encode(errors="surrogatepass"), HIDDEN)
    return HIDDEN if shown == body else shown


def _parts(query: bytes) -> list[bytes]:
    return query.split(b"&") if query else []


def _is_secret(header: bytes, confidential: frozenset[str]) -> bool:
    name = header.decode("latin-1").lower()
    return name in ALWAYS or name in confidential


def _sounds_secret(name: bytes) -> bool:
    return _TELLING.search(unquote(name.decode("latin-1"))) is not None


def _names_secret(part: bytes, confidential: frozenset[str]) -> bool:
    name = part.partition(b"=")[0].decode("latin-1")
    return f"?{unquote(name)}" in confidential
