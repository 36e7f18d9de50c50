"""GET /docs: the API as a page, made by Swagger UI from /openapi.yaml.

Takes the files in `static`, gives a page that asks nobody else for anything. Refuses names that
are not listed here (404).
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.requests import Request

from notifier.web import problems
from notifier.web.answers import NOSNIFF, NOT_MODIFIED, Answer, Header

STATIC = Path(__file__).parent / "static"

_SCRIPT = b"text/javascript; charset=utf-8"
_STYLE = b"text/css; charset=utf-8"
_TEXT = b"text/plain; charset=utf-8"
_PAGE = "docs/index.html"

FILES: Mapping[str, tuple[str, bytes]] = {
    "start.js": ("docs/start.js", _SCRIPT),
    "page.css": ("docs/page.css", _STYLE),
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", _SCRIPT),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", _STYLE),
    "favicon-32x32.png": ("swagger-ui/favicon-32x32.png", b"image/png"),
    "LICENSE": ("swagger-ui/LICENSE", _TEXT),
    "NOTICE": ("swagger-ui/NOTICE", _TEXT),
    "swagger-ui-bundle.js.LICENSE.txt": ("swagger-ui/swagger-ui-bundle.js.LICENSE.txt", _TEXT),
}
"""What the page consists of, by its name under /docs/: the file and its media type."""

# Swagger UI's own style sheet draws arrows and marks with pictures written into it as data.
_POLICY: Header = (
    b"content-security-policy",
    b"default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'",
)
# Asked again on each visit, which costs an answer without a body.
_ASK: Header = (b"cache-control", b"no-cache")
# Asked for with its version in the query, so that a new version has another address.
_KEEP: Header = (b"cache-control", b"public, max-age=31536000, immutable")


class Docs:
    """The endpoints under /docs. A file is read when it is first asked for, then kept in memory."""

    async def page(self, request: Request) -> Answer:
        """GET /docs."""
        return _file(request, _PAGE, b"text/html; charset=utf-8")

    async def file(self, request: Request) -> Answer:
        """GET /docs/{file}."""
        known = FILES.get(request.path_params["file"])
        return problems.not_found() if known is None else _file(request, *known)


def _file(request: Request, name: str, media: bytes) -> Answer:
    tag, content = _content(name)
    keep = _KEEP if "v" in request.query_params else _ASK
    headers = ((b"etag", tag), keep, NOSNIFF, _POLICY, (b"referrer-policy", b"no-referrer"))
    if _has(request, tag):
        return Answer(NOT_MODIFIED, b"", headers)
    return Answer(200, content, ((b"content-type", media), *headers))


# Callers who read slowly then hold the same bytes, instead of a megabyte each.
@cache
def _content(name: str) -> tuple[bytes, bytes]:
    """Give the tag of a file and what is in it."""
    content = (STATIC / name).read_bytes()
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'.encode(), content


def _has(request: Request, tag: bytes) -> bool:
    given = request.headers.get("if-none-match", "")
    return tag.decode() in [one.strip().removeprefix("W/") for one in given.split(",")]
