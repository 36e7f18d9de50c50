"""Places to listen on 127.0.0.1, and a small server for one.

Takes the conversation to hold on each connection. Refuses nothing; close() ends every
connection, also those whose other side never hangs up.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable

from notifier.app import serving

HOST = "127.0.0.1"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def listening(port: int) -> socket.socket:
    """Listen on a port, or on any that is free when somebody else has it."""
    try:
        return _listening(port)
    except OSError:
        return _listening(0)


def _listening(port: int) -> socket.socket:
    bound = serving.bind(HOST, port)
    try:
        # Two may be bound to a port, but only one of them listens.
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


class LoopbackServer:
    """Listens, holds one conversation per connection, and forgets broken ones."""

    def __init__(self, talk: Talk, limit: int) -> None:
        """`limit` bounds what is buffered while a line or a head is incomplete."""
        self._talk = talk
        self._limit = limit
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    async def open(self) -> int:
        """Listen; gives the port."""
        server = await asyncio.start_server(self._serve, HOST, 0, limit=self._limit)
        self._server = server
        port: int = server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening and return when every connection has ended."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._idle.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        self._idle.clear()
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # They hung up, or sent what nobody sends; neither concerns the next one.
            pass
        finally:
            writer.close()
            self._open.discard(writer)
            if not self._open:
                self._idle.set()
