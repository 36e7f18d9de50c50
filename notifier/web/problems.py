"""Errors as RFC 9457 problem documents, each with a stable code, and the last resort.

Takes codes and the exceptions of model/errors.py, gives answers. Refuses nothing: what nobody
expected is logged and answered 500 without a word about its cause.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from notifier.model.errors import (
    BadPayload,
    BadSignature,
    Fault,
    StoreBusy,
    StoreError,
    TooLarge,
    UnknownSource,
    UnsupportedMedia,
    WebhookError,
    WrongShape,
)
from notifier.model.states import State
from notifier.web.answers import CAUSE, Answer, Header, json_answer, named

log = logging.getLogger(__name__)

PROBLEM_JSON = b"application/problem+json"

_BUSY_WAIT: Header = (b"retry-after", b"1")
_STORE_WAIT: Header = (b"retry-after", b"5")
_SHOWN = 3
_BEARER: Header = (b"www-authenticate", b"Bearer")


class Code(Enum):
    """Every error of the door and the API: its code, status and title."""

    BAD_REQUEST = ("bad_request", 400, "Not a valid HTTP request")
    BAD_JSON = ("bad_json", 400, "Not readable as JSON")
    BAD_SIGNATURE = ("bad_signature", 401, "Not signed")
    UNAUTHORIZED = ("unauthorized", 401, "No valid token")
    NOT_FOUND = ("not_found", 404, "Not found")
    UNKNOWN_SOURCE = ("unknown_source", 404, "Unknown source")
    METHOD_NOT_ALLOWED = ("method_not_allowed", 405, "Method not allowed")
    LATE_BODY = ("late_body", 408, "Body too late")
    CONFLICT = ("conflict", 409, "Same id, other body")
    WRONG_STATE = ("wrong_state", 409, "Not in this state")
    TAKEN = ("taken", 409, "Already another person's")
    GONE = ("gone", 410, "Erased")
    TOO_LARGE = ("too_large", 413, "Body too large")
    UNSUPPORTED_MEDIA_TYPE = ("unsupported_media_type", 415, "Unsupported media type")
    WRONG_SHAPE = ("wrong_shape", 422, "Wrong shape")
    BAD_PARAMETER = ("bad_parameter", 422, "Wrong parameter")
    INVALID_CONFIGURATION = ("invalid_configuration", 422, "Not a configuration that works")
    TOO_MANY_WAITING = ("too_many_waiting", 429, "Too many calls wait")
    HEADERS_TOO_LARGE = ("headers_too_large", 431, "Headers too large")
    INTERNAL_ERROR = ("internal_error", 500, "Internal error")
    STORE_UNAVAILABLE = ("store_unavailable", 503, "Nothing can be committed")

    @property
    def text(self) -> str:
        """Give the code as the answer carries it."""
        return self.value[0]

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return self.value[1]

    @property
    def title(self) -> str:
        """Give the title, the same for every occurrence."""
        return self.value[2]


def problem(
    code: Code,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: tuple[Header, ...] = (),
    state: State | None = None,
) -> Answer:
    """Give the problem document of `code`; `faults` become its `errors`."""
    document: dict[str, object] = {
        "type": "about:blank",
        "title": code.title,
        "status": code.status,
        "detail": detail,
        "code": code.text,
    }
    if faults:
        document["errors"] = [{"path": fault.path, "message": fault.message} for fault in faults]
    if state is not None:
        document["state"] = state
    answer = json_answer(code.status, document, PROBLEM_JSON, headers)
    return replace(answer, cause=code.text)


def bad_request() -> Answer:
    """Answer bytes that are not HTTP."""
    return problem(Code.BAD_REQUEST, "What arrived is not a valid HTTP/1.1 request.")


def unheard() -> Answer:
    """Answer a caller who has gone; why is counted where it was found out, if it is an error."""
    return replace(bad_request(), cause="")


def headers_too_large(limit: int) -> Answer:
    """Answer a request whose headers pass the limit."""
    return problem(Code.HEADERS_TOO_LARGE, f"The headers may have at most {limit} bytes.")


def late_body() -> Answer:
    """Answer a body that did not arrive in time."""
    return problem(Code.LATE_BODY, "The body did not arrive in time; nothing was stored.")


def conflict() -> Answer:
    """Answer a known webhook id that came with another body."""
    return problem(
        Code.CONFLICT, "A call with this id and another body came before; this one was not stored."
    )


def wrong_state(state: State, why: str) -> Answer:
    """Answer what cannot be done with a delivery in the state it is in."""
    return problem(Code.WRONG_STATE, why, state=state)


def taken(why: str) -> Answer:
    """Answer a person who would take what leads to another one; `why` names that one."""
    return problem(Code.TAKEN, f"{why[:1].upper()}{why[1:]}.")


def no_table(faults: Sequence[Fault]) -> Answer:
    """Answer a body that is not a table of people."""
    return problem(Code.WRONG_SHAPE, "The body is not a table of people.", faults)


def never_unmapped() -> Answer:
    """Answer the wish to read something again that was read when it came."""
    return problem(Code.WRONG_STATE, "The event is not unmapped: its call was read when it came.")


def not_replayed(why: str, *, gone: bool) -> Answer:
    """Answer the wish to read a call again that was read since, or is `gone`."""
    return problem(Code.GONE if gone else Code.WRONG_STATE, f"{why[:1].upper()}{why[1:]}.")


def not_found() -> Answer:
    """Answer a path or an id that leads to nothing."""
    return problem(Code.NOT_FOUND, "There is nothing under this address.")


def unauthorized() -> Answer:
    """Answer a call without a token of API_TOKENS."""
    return problem(
        Code.UNAUTHORIZED,
        "This needs the header Authorization: Bearer, with a token of API_TOKENS.",
        headers=(_BEARER,),
    )


def bad_parameters(faults: Sequence[Fault]) -> Answer:
    """Answer a query with wrong parameters, naming each."""
    return problem(Code.BAD_PARAMETER, "The query is not as documented.", faults)


def invalid_configuration(faults: Sequence[Fault]) -> Answer:
    """Answer a wish to read a file again that is wrong, naming every fault."""
    return problem(
        Code.INVALID_CONFIGURATION, "The file is wrong; the sources stay as they were.", faults
    )


def of_webhook(error: WebhookError, wanted: str = "an event") -> Answer:
    """Answer a refused call, which should have been `wanted`.

    A bad signature learns nothing of its cause.
    """
    match error:
        case UnknownSource():
            return problem(Code.UNKNOWN_SOURCE, "No help desk of this name is configured here.")
        case TooLarge():
            return problem(Code.TOO_LARGE, str(error))
        case BadSignature():
            return problem(Code.BAD_SIGNATURE, "The call is not signed with a secret known here.")
        case UnsupportedMedia():
            return problem(Code.UNSUPPORTED_MEDIA_TYPE, str(error))
        case BadPayload():
            return problem(Code.BAD_JSON, str(error))
        case WrongShape():
            return problem(Code.WRONG_SHAPE, f"The JSON is not {wanted}.", error.faults)
        case _:
            # A refusal that this table does not know yet is still the caller's.
            return bad_request()


def of_store(error: StoreError) -> Answer:
    """Answer a store that could not do its part; nothing was stored, a retry is safe."""
    if isinstance(error, StoreBusy):
        return problem(
            Code.TOO_MANY_WAITING, "Too many calls wait for their commit.", headers=(_BUSY_WAIT,)
        )
    return problem(
        Code.STORE_UNAVAILABLE, "The store cannot be used at present.", headers=(_STORE_WAIT,)
    )


def method_not_allowed(allowed: str) -> Answer:
    """Answer a method that the path does not have."""
    return problem(
        Code.METHOD_NOT_ALLOWED,
        f"This address takes {allowed}.",
        headers=((b"allow", allowed.encode()),),
    )


async def of_exception(request: Request, error: Exception) -> Response:
    """Answer an unknown path, a method the path does not have, or a store that cannot be read."""
    if isinstance(error, StoreError):
        answer = of_store(error)
    elif isinstance(error, HTTPException) and error.headers and "Allow" in error.headers:
        answer = method_not_allowed(", ".join(sorted(error.headers["Allow"].split(", "))))
    else:
        answer = not_found()
    request.scope[CAUSE] = answer.cause
    headers = {name.decode(): value.decode() for name, value in (*answer.headers, named())}
    headers["content-length"] = str(len(answer.body))
    return Response(b"" if request.method == "HEAD" else answer.body, answer.status, headers)


def _without_secrets(path: str) -> str:
    """Leave out what follows the name of a source, which may be its secret."""
    return "/".join(path.split("/")[:_SHOWN]) if path.startswith("/webhooks/") else path


class LastResort:
    """Around everything: a fault of our own is logged and becomes a 500."""

    def __init__(self, app: ASGIApp) -> None:
        """`app` is what is guarded."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on."""
        try:
            await self._app(scope, receive, send)
        except Exception:
            log.exception(
                "request failed",
                extra={
                    "action": "http.failed",
                    "method": scope.get("method"),
                    "path": _without_secrets(scope.get("path", "")),
                },
            )
            answer = problem(Code.INTERNAL_ERROR, "Something went wrong here; the log has it.")
            await answer(scope, receive, send)
