"""Every page of the inbox.

Takes calls from a browser on this machine, gives HTML that a strict Content-Security-Policy
keeps on this machine. Refuses names other than loopback's (400: another site's name may lead
here) and forms of other sites (403).
"""

import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import httpx2
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from notifier.demo.catcher import Caught, CaughtMail
from notifier.demo.page import sending, telling, views
from notifier.demo.page.history import History
from notifier.demo.story import Stage
from notifier.model.errors import TooLarge
from notifier.web import body
from notifier.web.answers import Answer, Header
from notifier.web.problems import LastResort

_HERE = Path(__file__).parent
_HOSTS = ("127.0.0.1", "localhost")
_LARGEST_FORM = 4096
_STATIC = {
    "page.css": b"text/css; charset=utf-8",
    "page.js": b"text/javascript; charset=utf-8",
    "icon.svg": b"image/svg+xml",
}
_HTML = b"text/html; charset=utf-8"

_PAGE_POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    b"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
# A mail brings its own styles, and nothing else; links open nowhere, because the sandbox
# allows no window.
_MAIL_POLICY = (
    b"sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'self'"
)
_NOTHING_POLICY = b"sandbox; default-src 'none'; frame-ancestors 'none'"
_NEW_WINDOW = '<base target="_blank">'

_UNUSABLE = {
    400: "This address cannot be read.",
    403: "This form came from another site.",
    404: "There is nothing under this address.",
    405: "This address takes another method.",
    413: "This form is too large.",
    422: "This form says what the page does not offer.",
    503: "The service does not answer. The demonstration may be about to end.",
}

Endpoint = Callable[[Request], Awaitable[Answer]]


class Inbox:
    """The endpoints."""

    def __init__(self, stage: Stage, history: History) -> None:
        """`history` asks the service of the stage."""
        self._stage = stage
        self._history = history
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def index(self, request: Request) -> Answer:
        """GET /: the messages, the form, and the calls with what became of them."""
        events = await self._history.events()
        caught = views.messages(self._stage.catcher)
        return self._page(
            "index.html.j2",
            request,
            number=None,
            rows=[views.row(one) for one in caught],
            calls=views.calls(self._stage.posted, events, caught),
            most=views.MOST_CALLS,
            offers=sending,
        )

    async def message(self, request: Request) -> Answer:
        """GET /messages/{number}: one message and its path."""
        message = self._message(request)
        path = telling.path(message, await self._history.carried(message))
        caught = views.messages(self._stage.catcher)
        return self._page(
            "mail.html.j2" if isinstance(message, CaughtMail) else "sms.html.j2",
            request,
            number=message.number,
            rows=[views.row(one) for one in caught],
            message=message,
            row=views.row(message),
            path=path,
            encoded=None if isinstance(message, CaughtMail) else views.encoded(message.body),
        )

    async def html(self, request: Request) -> Answer:
        """GET /messages/{number}/html: a mail's own page, for the frame."""
        html = self._mail(request).html
        if html is None:
            raise HTTPException(404)
        page = html.replace("<head>", f"<head>{_NEW_WINDOW}", 1)
        return _answer(200, _HTML, page.encode("utf-8", "replace"), _MAIL_POLICY)

    async def raw(self, request: Request) -> Answer:
        """GET /messages/{number}/raw: a mail's bytes, to be opened by a mail program."""
        mail = self._mail(request)
        name = b'attachment; filename="message-%d.eml"' % mail.number
        saved = (b"content-disposition", name)
        return _answer(200, b"message/rfc822", mail.raw, _NOTHING_POLICY, saved)

    async def send(self, request: Request) -> Answer:
        """POST /calls: the desk posts once more; then the index shows it."""
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{request.headers['host']}":
            raise HTTPException(403)
        form = await body.read(request.scope["headers"], request.receive, _LARGEST_FORM)
        sample = sending.read(form)
        if sample is None:
            raise HTTPException(422)
        await sending.send(self._stage.desk, sample)
        return _answer(303, _HTML, b"", _NOTHING_POLICY, (b"location", b"/"))

    async def unusable(self, request: Request, error: Exception) -> Response:
        """Say what is wrong, in a page of the same looks."""
        status = _status(error)
        page = self._templates.get_template("unusable.html.j2")
        text = page.render(title=HTTPStatus(status).phrase, detail=_UNUSABLE.get(status, ""))
        answer = _answer(status, _HTML, text.encode(), _PAGE_POLICY)
        headers = {name.decode(): value.decode() for name, value in answer.headers}
        return Response(answer.body, status, headers)

    def _page(self, template: str, request: Request, **shown: object) -> Answer:
        text = self._templates.get_template(template).render(service=self._stage.url, **shown)
        content = text.encode("utf-8", "replace")
        tag = b'"%s"' % hashlib.sha256(content).hexdigest().encode()
        if request.headers.get("if-none-match", "").encode() == tag:
            return _answer(304, _HTML, b"", _PAGE_POLICY, (b"etag", tag))
        return _answer(200, _HTML, content, _PAGE_POLICY, (b"etag", tag))

    def _message(self, request: Request) -> Caught:
        number = request.path_params["number"]
        for message in views.messages(self._stage.catcher):
            if message.number == number:
                return message
        raise HTTPException(404)

    def _mail(self, request: Request) -> CaughtMail:
        message = self._message(request)
        if isinstance(message, CaughtMail):
            return message
        raise HTTPException(404)


def build(stage: Stage, history: History) -> ASGIApp:
    """Put every page under its address."""
    inbox = Inbox(stage, history)
    application = Starlette(
        routes=[
            Route("/", inbox.index),
            Route("/messages/{number:int}", inbox.message),
            Route("/messages/{number:int}/html", inbox.html),
            Route("/messages/{number:int}/raw", inbox.raw),
            Route("/calls", inbox.send, methods=["POST"]),
            *(Route(f"/static/{name}", _file(name), methods=["GET"]) for name in _STATIC),
        ],
        middleware=[
            Middleware(LastResort),
            Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False),
        ],
        exception_handlers={
            HTTPException: inbox.unusable,
            httpx2.HTTPError: inbox.unusable,
            TooLarge: inbox.unusable,
            ClientDisconnect: inbox.unusable,
        },
    )
    application.router.redirect_slashes = False
    return application


def _file(name: str) -> Answer:
    content = (_HERE / "static" / name).read_bytes()
    return _answer(200, _STATIC[name], content, _NOTHING_POLICY)


def _answer(status: int, media: bytes, content: bytes, policy: bytes, *more: Header) -> Answer:
    return Answer(
        status,
        content,
        (
            (b"content-type", media),
            (b"content-security-policy", policy),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
            *more,
        ),
    )


def _status(error: Exception) -> int:
    match error:
        case HTTPException():
            return error.status_code
        case TooLarge():
            return 413
        case ClientDisconnect():
            return 400
        case _:
            return 503
