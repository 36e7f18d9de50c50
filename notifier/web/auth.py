"""Who may read: bearer tokens.

Takes the tokens of API_TOKENS, gives endpoints that ask for one. Refuses every call that does
not carry exactly one known token, and every call when none is configured (401).
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable, Sequence

from starlette.requests import Request

from notifier.web import problems
from notifier.web.answers import Answer

Endpoint = Callable[[Request], Awaitable[Answer]]

_SCHEME = b"bearer"


class Bearer:
    """Knows the tokens as digests, so that comparing takes the same time for all."""

    def __init__(self, tokens: Sequence[str]) -> None:
        """`tokens` may be empty; then nobody is let in."""
        self._digests = tuple(hashlib.sha256(token.encode()).digest() for token in tokens)

    def allows(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Tell whether the headers carry one known token."""
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, token = given[0].partition(b" ")
        digest = hashlib.sha256(token.strip(b" ")).digest()
        # Every token is compared, so that the time does not tell which one was near.
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        return scheme.lower() == _SCHEME and any(matches)

    def protects(self, endpoint: Endpoint) -> Endpoint:
        """Give the endpoint, asking for a token first."""

        async def asking(request: Request) -> Answer:
            if not self.allows(request.scope["headers"]):
                return problems.unauthorized()
            return await endpoint(request)

        return asking

    def by_method(self, **endpoints: Endpoint) -> Endpoint:
        """Give one endpoint for several methods of a path, asking for a token first."""

        async def chosen(request: Request) -> Answer:
            # HEAD is answered as GET is, without the body.
            return await endpoints["GET" if request.method == "HEAD" else request.method](request)

        return self.protects(chosen)
