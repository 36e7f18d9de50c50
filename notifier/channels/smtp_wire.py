"""One connection to a mail server, after sign-in: bytes out, replies in, in step.

Takes an open transport, gives replies in the order they are owed. Refuses to go on after
anything that was not asked for: from then on the connection is dead.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from notifier.channels.smtp_replies import CLOSING, Reply, ReplyReader

# Zero would be enough for a plain transport, but one of asyncio's TLS transports compares
# with "at least", and would stay paused when it is empty.
WRITE_LIMIT = 1


@runtime_checkable
class Transport(Protocol):
    """What is used of a transport; uvloop's own are no asyncio.Transport."""

    def write(self, data: bytes) -> None:
        """Send, sooner or later."""

    def close(self) -> None:
        """Close when everything was sent."""

    def abort(self) -> None:
        """Close at once."""

    def is_closing(self) -> bool:
        """Tell whether it is closed or about to be."""
        ...

    def get_protocol(self) -> asyncio.Protocol:
        """Give whoever receives what arrives."""
        ...

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give what arrives to `protocol`."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Say from how many unsent bytes on the protocol is asked to pause."""


def usable(transport: object) -> Transport:
    """Give a transport that can be taken over; raises ConnectionError when it is closed."""
    if not isinstance(transport, Transport) or transport.is_closing():
        raise ConnectionError("the mail server closed the connection")
    return transport


@dataclass(frozen=True, slots=True)
class Offers:
    """What the server said of itself; `size` is the largest mail in bytes, None if unsaid.

    `greeting` is the first line of its answer to EHLO.
    """

    pipelining: bool = False
    size: int | None = None
    smtputf8: bool = False
    greeting: str = ""


class Wire(asyncio.Protocol):
    """A connection; alive until something goes wrong, and never again after that."""

    def __init__(self, transport: Transport, offers: Offers) -> None:
        """Take the transport over: from now on all that arrives comes here."""
        self.offers = offers
        self.uses = 0
        self.accepted = 0
        self.dirty = False
        self.dropped = False
        self.rested_at: float | None = None
        self.unasked: Reply | None = None
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._transport = transport
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._owed = 0
        self._paused = False
        self._leaving: asyncio.TimerHandle | None = None
        self._fault: str | None = None
        self._waiter: asyncio.Future[None] | None = None
        transport.set_write_buffer_limits(high=WRITE_LIMIT)
        transport.set_protocol(self)

    @property
    def alive(self) -> bool:
        """Tell whether another message may be tried on it."""
        return self._fault is None and not self._transport.is_closing()

    @property
    def was_stale(self) -> bool:
        """Tell whether the server had left before it took any part of the present message."""
        return self.rested_at is not None and self.dropped and not self.accepted

    def begin(self) -> None:
        """Start a message."""
        self.uses += 1
        self.accepted = 0

    def check(self) -> None:
        """Raise ConnectionError when it is dead."""
        if not self.alive:
            # A transport knows of a loss a little before it tells.
            self._lost("the connection was lost")
            raise ConnectionError(self._fault)

    def write(self, data: bytes, replies: int = 0) -> None:
        """Send what the server owes so many replies to; raises ConnectionError."""
        self.check()
        self._owed += replies
        self._transport.write(data)

    async def reply(self, when: float) -> Reply:
        """Give the next reply; raises ConnectionError, and TimeoutError at loop time `when`.

        What arrived before the connection was lost still counts.
        """
        if not self._replies:
            async with asyncio.timeout_at(when):
                while not self._replies:
                    await self._change()
        return self._replies.popleft()

    async def drained(self, when: float) -> None:
        """Return when what was written has left; raises as `reply` does."""
        if self._paused:
            async with asyncio.timeout_at(when):
                while self._paused:
                    await self._change()

    def hang_up(self) -> None:
        """Close at once, because the server said that it leaves."""
        self.dropped = True
        self.abort("the mail server said goodbye")

    def abort(self, why: str) -> None:
        """Close at once; nothing that was not sent yet will be."""
        self._die(why)
        self._transport.abort()

    def leave(self, seconds: float) -> None:
        """Say goodbye and close, by force after `seconds`."""
        if not self.alive:
            return
        self._die("we said goodbye")
        self._leaving = self._loop.call_later(seconds, self._transport.abort)
        self._transport.write(b"QUIT\r\n")

    async def _change(self) -> None:
        self.check()
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _die(self, why: str) -> None:
        if self._fault is None:
            self._fault = why
        self._wake()

    # -- what the transport calls -------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Keep the replies that are owed; anything else is the end."""
        if self._leaving is not None:
            # Not from within: asyncio's TLS would fall over its own states.
            self._loop.call_soon(self._transport.close)
        if not self.alive:
            return
        try:
            self._keep(data)
        except ValueError as error:
            self.abort(str(error))
        self._wake()

    def _keep(self, data: bytes) -> None:
        for said in self._reader.feed(data):
            if not self._owed:
                self.unasked = said
                self.dropped = said.code == CLOSING
                raise ValueError(f"the mail server spoke out of turn: {said.code} {said.text}")
            self._owed -= 1
            self._replies.append(said)
        if not self._owed and self._reader.pending:
            raise ValueError("the mail server spoke out of turn")

    def eof_received(self) -> None:
        """Close too, and at once: a server that no longer speaks may not read either."""
        self._lost("the mail server closed the connection")
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is over."""
        self._lost(f"the connection was lost: {exc or 'closed'}")
        if self._leaving is not None:
            self._leaving.cancel()
        self.closed.set_result(None)

    def _lost(self, why: str) -> None:
        self.dropped |= self._fault is None
        self._die(why)

    def pause_writing(self) -> None:
        """Note that what was written has not left yet."""
        self._paused = True

    def resume_writing(self) -> None:
        """Note that it has."""
        self._paused = False
        self._wake()
