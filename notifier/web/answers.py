"""Answers: a status, headers and finished bytes, sent the same way everywhere.

Takes values made of dicts, lists, text and integers, gives ASGI answers. Refuses NaN
(ValueError); lone surrogates leave as JSON escapes.
"""

import json
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

Header = tuple[bytes, bytes]

JSON = b"application/json"

# An encoder keeps no state; json.dumps would build one for every answer.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
_NO_STORE: Header = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; as an ASGI application it sends itself."""

    status: int
    body: bytes
    headers: tuple[Header, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a HEAD gets the headers alone."""
        length = (b"content-length", b"%d" % len(self.body))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*self.headers, length],
            }
        )
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def json_answer(
    status: int, value: object, media: bytes = JSON, headers: tuple[Header, ...] = ()
) -> Answer:
    """Give `value` as JSON that no cache keeps."""
    body = _encode(value).encode("ascii")
    return Answer(status, body, ((b"content-type", media), _NOSNIFF, _NO_STORE, *headers))


def file_answer(media: bytes, content: bytes) -> Answer:
    """Give the content of a file."""
    return Answer(200, content, ((b"content-type", media), _NOSNIFF))
