"""The body of a call, read up to a limit.

Takes ASGI messages, gives bytes. Refuses a body over the limit before it is read whole
(TooLarge), and stops when the caller has gone (ClientDisconnect).
"""

from collections.abc import Iterable

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from notifier.model.errors import TooLarge

# No honest length has more digits; int() itself refuses thousands of them.
_LONGEST_LENGTH = 18


async def read(headers: Iterable[tuple[bytes, bytes]], receive: Receive, limit: int) -> bytes:
    """Give the body; a length announced over the limit is refused before a byte is read."""
    if _announced(headers) > limit:
        raise TooLarge(limit)
    first, more = await _next(receive)
    if len(first) > limit:
        raise TooLarge(limit)
    return await _rest(first, receive, limit) if more else first


async def _rest(first: bytes, receive: Receive, limit: int) -> bytes:
    body, more = bytearray(first), True
    while more:
        chunk, more = await _next(receive)
        if len(body) + len(chunk) > limit:
            raise TooLarge(limit)
        body += chunk
    return bytes(body)


async def _next(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message.get("body", b""), message.get("more_body", False)


def _announced(headers: Iterable[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:_LONGEST_LENGTH])
    return 0
