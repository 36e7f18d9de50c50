"""The few connections that are kept open to a mail server.

Takes an account, gives wires, the last used first. Refuses more than the account allows; what
is too old, too used or not in step is closed instead of being given again.
"""

import asyncio
import ssl

from notifier.channels.smtp_account import Deadlines, SmtpAccount
from notifier.channels.smtp_session import open_wire
from notifier.channels.smtp_wire import Wire
from notifier.model.errors import ChannelDown

_MOST_USES = 100


class Pool:
    """Connections at rest, and places for those in use."""

    def __init__(
        self, account: SmtpAccount, context: ssl.SSLContext | None, deadlines: Deadlines
    ) -> None:
        """Open nothing yet."""
        self.place = asyncio.Semaphore(account.connections)
        self._account = account
        self._context = context
        self._deadlines = deadlines
        self._idle: dict[Wire, asyncio.TimerHandle] = {}
        self._leaving: set[asyncio.Future[None]] = set()
        self._closing = False
        self._first = asyncio.Lock()
        self._trusted = False
        self._failures = 0
        self._failure: ChannelDown | None = None

    async def take(self, limit: float) -> Wire:
        """Give a wire that works, in a place that the caller holds; raises ChannelDown."""
        while self._idle:
            wire, timer = self._idle.popitem()
            timer.cancel()
            if await self._fit(wire, limit):
                return wire
        return await self.open(limit)

    async def open(self, limit: float) -> Wire:
        """Give a new wire; raises ChannelDown.

        Until one sign-in has worked they are tried one at a time, and those that waited share
        its failure: four refusals at once may lock an account.
        """
        known = self._failures
        if not self._trusted:
            async with self._first:
                if self._failure is not None and self._failures != known:
                    shared = self._failure
                    raise ChannelDown(shared.reason, shared.evidence, shared.hold)
                if not self._trusted:
                    return await self._open(limit)
        return await self._open(limit)

    def give_back(self, wire: Wire) -> None:
        """Keep a wire for the next message, or close it."""
        if not wire.alive:
            return
        if self._closing or wire.uses >= _MOST_USES:
            self._let_go(wire)
            return
        loop = asyncio.get_running_loop()
        wire.rested_at = loop.time()
        self._idle[wire] = loop.call_later(self._deadlines.idle, self._retire, wire)

    def make_room(self) -> None:
        """Close one that rests, so that another may be opened beside the pool."""
        if self._idle:
            self._retire(next(iter(self._idle)))

    async def goodbye(self, wire: Wire) -> None:
        """Close a wire politely, and return when it is closed."""
        self._let_go(wire)
        await asyncio.wait({wire.closed})

    async def close(self) -> None:
        """Close all that rest, and from now on every other as soon as it is given back."""
        self._closing = True
        while self._idle:
            self.make_room()
        if self._leaving:
            await asyncio.wait(set(self._leaving))

    async def _open(self, limit: float) -> Wire:
        try:
            wire = await open_wire(self._account, self._context, self._deadlines, limit)
        except ChannelDown as error:
            self._trusted = False
            self._failures += 1
            self._failure = error
            raise
        self._trusted = True
        return wire

    async def _fit(self, wire: Wire, limit: float) -> bool:
        """Tell whether a wire that rested can be used; one in doubt is asked."""
        now = asyncio.get_running_loop().time()
        rested = now - (wire.rested_at or now)
        if not wire.alive or (rested <= self._deadlines.stale and not wire.dirty):
            return wire.alive
        fit = False
        try:
            # RSET forgets a refused message, and shows as well as NOOP that somebody is there.
            wire.write(b"RSET\r\n", 1)
            fit = (await wire.reply(min(now + self._deadlines.connect, limit))).positive
            wire.dirty = False
        except (ConnectionError, TimeoutError):
            return False
        finally:
            if not fit:
                wire.abort("it rested too long")
        return fit and wire.alive

    def _retire(self, wire: Wire) -> None:
        self._idle.pop(wire).cancel()
        self._let_go(wire)

    def _let_go(self, wire: Wire) -> None:
        # Every connection that leaves is closed by its timer at the latest.
        self._leaving.add(wire.closed)
        wire.closed.add_done_callback(self._leaving.discard)
        wire.leave(self._deadlines.goodbye)
