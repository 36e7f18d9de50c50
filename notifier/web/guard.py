"""The HTTP/1.1 protocol with deadlines: uvicorn's own has none.

Takes the bytes of one connection, gives calls to the application. Refuses headers that are
late (closed) or too large (431), bodies that are late (408), and bytes that are not HTTP (400).
"""

from asyncio import BaseTransport, TimerHandle, Transport
from collections.abc import Callable
from typing import ClassVar, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from notifier.web import problems
from notifier.web.answers import Answer, named

HEADER_DEADLINE = 5.0
BODY_DEADLINE = 10.0
MAX_HEADER_BYTES = 32 * 1024
MAX_DISCARDED = 1024 * 1024


# What a connection owes us. Plain integers: an enumeration is several times slower to look up.
_NOTHING, _HEADERS, _BODY = range(3)


class GuardedProtocol(HttpToolsProtocol):
    """One connection. One deadline at most runs: that of the request which is arriving.

    Between two requests uvicorn's keep-alive timeout holds.
    """

    header_deadline: ClassVar[float] = HEADER_DEADLINE
    body_deadline: ClassVar[float] = BODY_DEADLINE

    # Requests that arrived whole, and sizes: of the chunk being parsed, of the chunk in which
    # the request began, and of the chunks since then that ended nothing.
    _finished = 0
    _chunk = 0
    _begun = 0
    _excess = 0
    _arriving = _NOTHING
    _watched = (_NOTHING, 0)
    _deadline: TimerHandle | None = None
    _oversize = False

    @staticmethod
    def refused(cause: str) -> None:
        """Learn the code of what is refused here; `guarded` puts what counts in its place."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Wait for the first headers."""
        super().connection_made(cast(Transport, transport))
        self._watch(_HEADERS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._watch(_NOTHING)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, then see what is still owed."""
        arriving, finished = self._arriving, self._finished
        self._chunk = len(data)
        super().data_received(data)
        if arriving == self._arriving and finished == self._finished:
            self._bound(len(data))
        if self.transport.is_closing():
            self._watch(_NOTHING)
        elif self._arriving == _NOTHING and self._is_idle():
            # Stray bytes between two requests, or the end of a body that was refused before
            # it had arrived: uvicorn's keep-alive timeout was cancelled by them.
            self._watch(_HEADERS)
        else:
            self._watch(self._arriving)

    def on_message_begin(self) -> None:
        """See a request begin."""
        self._arriving = _HEADERS
        self._begun = self._chunk
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Pass the request on, unless its headers are too large."""
        # Counting exactly is worth its time only when the chunks could hold that much.
        if self._begun + self._excess + self._chunk > MAX_HEADER_BYTES and self._is_oversize():
            self._oversize = True
            # The parser stops at any exception and comes back through send_400_response.
            raise ValueError("headers too large")
        super().on_headers_complete()
        self._arriving = _BODY
        self._excess = 0

    def on_message_complete(self) -> None:
        """See a request end."""
        self._arriving = _NOTHING
        self._finished += 1
        self._excess = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser refused, after the answers that are owed to earlier calls."""
        if self._answers_earlier_call():
            self.cycle.keep_alive = False
        elif self._oversize:
            self._refuse(problems.headers_too_large(MAX_HEADER_BYTES))
        else:
            self._refuse(problems.bad_request())

    def _bound(self, size: int) -> None:
        """Count bytes that ended nothing: a header without end, or a body nobody wants."""
        if self._arriving == _HEADERS:
            self._excess += size
            if self._excess > MAX_HEADER_BYTES:
                self._oversize = True
                self.send_400_response("")
        elif self._arriving == _BODY and self.cycle.response_complete:
            self._excess += size
            if self._excess > MAX_DISCARDED:
                self.transport.close()

    def _is_oversize(self) -> bool:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return size > MAX_HEADER_BYTES

    def _is_idle(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return answered and not self.pipeline and self.timeout_keep_alive_task is None

    def _answers_earlier_call(self) -> bool:
        if self._arriving == _BODY:
            return bool(self.pipeline)
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self, awaited: int) -> None:
        wanted = (awaited, self._finished)
        if wanted == self._watched:
            return
        self._watched = wanted
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if awaited != _NOTHING:
            self._start()

    def _start(self) -> None:
        body = self._watched[0] == _BODY
        seconds = self.body_deadline if body else self.header_deadline
        self._deadline = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self.flow.read_paused or self._answers_earlier_call():
            # The caller waits for us, not we for the caller.
            self._start()
        elif self._watched[0] == _BODY:
            self._refuse(problems.late_body())
        else:
            self.transport.close()

    def _refuse(self, answer: Answer) -> None:
        """Answer in place of the application, which sees the caller leave; then close."""
        type(self).refused(answer.cause)
        if self._arriving != _BODY or not self.cycle.response_started:
            headers = [
                *self.server_state.default_headers,
                *answer.headers,
                named(),
                (b"content-length", b"%d" % len(answer.body)),
                (b"connection", b"close"),
            ]
            lines = [b"%b: %b\r\n" % header for header in headers]
            self.transport.write(
                b"".join([STATUS_LINE[answer.status], *lines, b"\r\n", answer.body])
            )
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def guarded(
    header: float = HEADER_DEADLINE,
    body: float = BODY_DEADLINE,
    refused: Callable[[str], None] = GuardedProtocol.refused,
) -> type[GuardedProtocol]:
    """Give the protocol with these deadlines, in seconds; `refused` learns why it answered."""
    counted = refused

    class Guarded(GuardedProtocol):
        header_deadline = header
        body_deadline = body

        @staticmethod
        def refused(cause: str) -> None:
            counted(cause)

    return Guarded
