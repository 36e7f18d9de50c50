"""Answers: a status, headers and finished bytes, sent the same way everywhere.

Takes values made of dicts, lists, text and integers, gives ASGI answers. Refuses nothing of
these; lone surrogates leave as JSON escapes.
"""

from starlette.types import Receive, Scope, Send

from notifier.model import json_text
from notifier.model.values import value
from notifier.web import request_ids

Header = tuple[bytes, bytes]

JSON = b"application/json"

NOSNIFF: Header = (b"x-content-type-options", b"nosniff")
NO_STORE: Header = (b"cache-control", b"no-store")


NO_CONTENT = 204
NOT_MODIFIED = 304

CAUSE = "notifier.cause"
"""Where an answer leaves its cause in the scope."""


@value
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
    status: int, content: object, media: bytes = JSON, headers: tuple[Header, ...] = ()
) -> Answer:
    """Give `content` as JSON that no cache keeps."""
    body = json_text.written(content).encode()
    return Answer(status, body, ((b"content-type", media), NOSNIFF, NO_STORE, *headers))


def file_answer(media: bytes, content: bytes) -> Answer:
    """Give the content of a file."""
    return Answer(200, content, ((b"content-type", media), NOSNIFF))
