"""The door: /webhooks and /webhooks/{source}, and what some sources put behind their name.

Takes one HTTP call, gives the recorded event after its commit, or the answer to a challenge.
Refuses, in this order, a method, an unknown source, a body over the limit, and whatever intake
and store refuse.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from notifier.model.errors import StoreError, UnknownSource, WebhookError
from notifier.sources.call import Call, Source
from notifier.sources.challenge import Challenger
from notifier.store.base import Recorded
from notifier.web import body, problems, shapes
from notifier.web.answers import NO_STORE, NOSNIFF, Answer, json_answer
from notifier.web.recent import Sight

log = logging.getLogger(__name__)

PATH = "/webhooks"
DEFAULT_SOURCE = "default"
LONGEST_CAUSE = 500
LONGEST_SOURCE = 64

_PLAIN = dict([(b"content-type", b"text/plain"), NOSNIFF])
_BODILESS = (204, 205)
_ONLY_POST = frozenset({"POST"})


class Desk(Source, Protocol):
    """A source as the door sees it."""

    @property
    def methods(self) -> frozenset[str]:
        """Give the methods that events come by."""
        ...

    @property
    def max_body(self) -> int:
        """Give how many bytes a body may have."""
        ...

    @property
    def takes_tail(self) -> bool:
        """Tell whether something may follow the name in the path."""
        ...

    @property
    def repeat_status(self) -> int:
        """Give the HTTP status of a call that came before."""
        ...

    @property
    def challenger(self) -> Challenger | None:
        """Give what answers a sender who makes sure that we are there."""
        ...


class Intake(Protocol):
    """What verifies, reads, plans and records a call."""

    def verify(self, desk: Source, call: Call) -> None:
        """Return if the call is honest; raises BadSignature."""
        ...

    async def receive(self, desk: Source, call: Call) -> Recorded:
        """Record a call; raises WebhookError, StoreBusy or StoreFailed."""
        ...


class Calls(Protocol):
    """What remembers the last calls of each source."""

    def saw(self, desk: Source, call: Call, sight: Sight) -> None:
        """Learn what became of a call."""
        ...


Find = Callable[[str], Desk]
"""Gives the help desk of a name; raises UnknownSource."""


class Webhooks:
    """An ASGI application without request and response helpers: the one hot path."""

    def __init__(
        self,
        find: Find,
        intake: Intake,
        public_base_url: str | None,
        caller: Callable[[Scope], str],
        calls: Calls,
    ) -> None:
        """`public_base_url` is the only base of links; `caller` gives the address of a caller.

        `calls` learns of every call to a source that is configured.
        """
        self._find = find
        self._intake = intake
        self._base = (public_base_url or "").rstrip("/")
        self._caller = caller
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; a caller who left while sending gets no answer."""
        source, tail = _named(scope["path"])
        met = _Met()
        try:
            answer = await self._take(source, tail, scope, receive, met)
        except ClientDisconnect:
            return
        except WebhookError as error:
            answer, met.cause = problems.of_webhook(error), str(error)
            _log_refusal(source, answer, type(error).__name__, str(error))
        except StoreError as error:
            answer, met.cause = problems.of_store(error), str(error)
            _log_refusal(source, answer, type(error).__name__, str(error))
        if met.desk is not None:
            # A call whose body was refused is known without it.
            call = met.call or self._call(scope, tail, b"")
            self._calls.saw(met.desk, call, met.sight(answer))
        await answer(scope, receive, send)

    async def _take(
        self, source: str, tail: str | None, scope: Scope, receive: Receive, met: "_Met"
    ) -> Answer:
        method: str = scope["method"]
        try:
            desk = self._desk(source, tail)
        except UnknownSource:
            if method in _ONLY_POST:
                raise
            return _not_allowed(_ONLY_POST)
        met.desk = desk
        challenger = desk.challenger
        if method not in desk.methods and (challenger is None or method not in challenger.methods):
            met.cause = f"{method} is not among the methods of {source}"
            return _not_allowed(_allowed(desk))
        content = await body.read(scope["headers"], receive, desk.max_body)
        met.call = call = self._call(scope, tail, content)
        answer = None if challenger is None else self._challenged(desk, challenger, call, met)
        if answer is not None:
            return answer
        met.recorded = await self._intake.receive(desk, call)
        return self._answer(desk, met.recorded)

    def _call(self, scope: Scope, tail: str | None, content: bytes) -> Call:
        return Call(
            tuple(scope["headers"]),
            content,
            scope["method"],
            scope["query_string"],
            tail or "",
            self._caller(scope),
        )

    def _desk(self, source: str, tail: str | None) -> Desk:
        desk = self._find(source)
        if tail is not None and not desk.takes_tail:
            raise UnknownSource(f"{source!r} takes nothing behind its name")
        return desk

    def _answer(self, desk: Desk, recorded: Recorded) -> Answer:
        if recorded.status == "conflict":
            return problems.conflict()
        repeated = recorded.status == "duplicate"
        status = desk.repeat_status if repeated else desk.success_status
        if status in _BODILESS:
            return Answer(status, b"", (NO_STORE,))
        return json_answer(status, shapes.recorded(recorded, self._base))

    def _challenged(
        self, desk: Desk, challenger: Challenger, call: Call, met: "_Met"
    ) -> Answer | None:
        found = challenger.answer(call)
        if call.method not in desk.methods:
            if found is None:
                met.cause = challenger.why_not(call)
                answer = _not_allowed(_allowed(desk))
                _log_refusal(desk.name, answer, "NoChallenge", met.cause)
                return answer
        elif found is None:
            return None
        else:
            # By a method that events come by, only who knows the secret is answered.
            self._intake.verify(desk, call)
        headers = dict(found.headers)
        if b"content-type" not in headers:
            headers |= _PLAIN
        if b"allow" in headers:
            headers[b"allow"] = _listed(_allowed(desk))
        return Answer(found.status, found.body, (*headers.items(), NO_STORE))


@dataclass(slots=True)
class _Met:
    """What is known of a call so far."""

    desk: Desk | None = None
    call: Call | None = None
    recorded: Recorded | None = None
    cause: str | None = None

    def sight(self, answer: Answer) -> Sight:
        """Give what became of it, now that it is answered."""
        recorded = self.recorded
        if recorded is not None and recorded.status != "conflict":
            asked_why = recorded.status in ("unmapped", "ignored")
            cause = recorded.note if asked_why else None
            return Sight(answer.status, recorded.status, cause, recorded.events)
        if answer.cause:
            return Sight(answer.status, "refused", self.cause or answer.cause)
        return Sight(answer.status, "challenge")


def _named(path: str) -> tuple[str, str | None]:
    """Give the source that a path names, and what follows it, if anything does."""
    if path == PATH:
        return DEFAULT_SOURCE, None
    source, slash, tail = path[len(PATH) + 1 :].partition("/")
    return source, tail if slash else None


def _allowed(desk: Desk) -> frozenset[str]:
    return desk.methods if desk.challenger is None else desk.methods | desk.challenger.methods


def _listed(methods: frozenset[str]) -> bytes:
    return ", ".join(sorted(methods)).encode()


def _not_allowed(methods: frozenset[str]) -> Answer:
    return problems.method_not_allowed(", ".join(sorted(methods)))


def _log_refusal(source: str, answer: Answer, error: str, cause: str) -> None:
    log.warning(
        "webhook refused",
        extra={
            "action": "webhook.refused",
            "source": source[:LONGEST_SOURCE],
            "status": answer.status,
            "error": error,
            "cause": cause[:LONGEST_CAUSE],
        },
    )
