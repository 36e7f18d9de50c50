"""Answers: a status, headers and finished bytes, sent the same way everywhere.

Takes values made of dicts, lists, text and integers, gives ASGI answers. Refuses NaN
(ValueError); lone surrogates leave as JSON escapes.
"""

import json
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from notifier.web import request_ids

Header = tuple[bytes, bytes]

JSON = b"application/json"

# An encoder keeps no state; json.dumps would build one for every answer.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
NO_STORE: Header = (b"cache-control", b"no-store")


NO_CONTENT = 204
NOT_MODIFIED = 304

CAUSE = "notifier.cause"
"""Where an answer leaves its cause in the scope."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; as an ASGI application it sends itself.

    `cause` is the code of an error; it is left in the call's scope for who counts them.
    """

    status: int
    body: bytes
    headers: tuple[Header, ...]
    cause: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a HEAD gets the headers alone."""
        headers = [*self.headers, named()]
        # What has not changed has a length too, but not that of this answer; no content has none.
        if self.status not in (NO_CONTENT, NOT_MODIFIED):
            headers.append((b"content-length", b"%d" % len(self.body)))
        if self.cause:
            scope[CAUSE] = self.cause
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def named() -> Header:
    """Give the header that names the call."""
    return (request_ids.HEADER, (request_ids.current.get() or request_ids.new()).encode())


def json_answer(
    status: int, value: object, media: bytes = JSON, headers: tuple[Header, ...] = ()
) -> Answer:
    """Give `value` as JSON that no cache keeps."""
    body = _encode(value).encode("ascii")
    return Answer(status, body, ((b"content-type", media), NOSNIFF, NO_STORE, *headers))


def file_answer(media: bytes, content: bytes) -> Answer:
    """Give the content of a file."""
    return Answer(200, content, ((b"content-type", media), NOSNIFF))
