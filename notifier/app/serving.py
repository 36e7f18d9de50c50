"""Serving: the web server on one loop, and how a signal ends it.

Takes a built service and a bound socket, gives the exit status. Refuses nothing. The first
SIGTERM or SIGINT drains and ends with 0; a second one ends at once with 1, and loses nothing
either, because everything that matters is committed before it is promised.
"""

import asyncio
import contextlib
import gc
import importlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from notifier.web.guard import guarded

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """uvicorn, with the signals left to us, and a word when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        """Needs no running loop."""
        super().__init__(config)
        self.answers = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so; raises OSError when somebody else listens there."""
        for one in sockets or ():
            # uvloop would go on as if nothing had happened.
            one.listen(self.config.backlog)
        await super().startup(sockets)
        self.answers.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing: `Stopping` has the signals."""
        yield


def server(asgi: ASGIApp, grace_seconds: int, refused: Callable[[str], None]) -> Server:
    """Give a server for an application; deadlines and limits are its protocol's.

    `refused` learns the code of what the protocol refuses before the application sees it.
    """
    return Server(
        uvicorn.Config(
            asgi,
            http=guarded(refused=refused),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=grace_seconds,
        )
    )


def runner() -> asyncio.Runner:
    """Give a runner on uvloop, or on the standard loop where that cannot be had."""
    try:
        fast = importlib.import_module("uvloop")
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=fast.new_event_loop)


def bind(host: str, port: int) -> socket.socket:
    """Bind the listening socket; raises OSError when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


class Stopping:
    """Turns signals into an event that the loop can wait for."""

    def __init__(self) -> None:
        """Needs a running loop, in the main thread."""
        self._asked = asyncio.Event()
        self._caught_one = False
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> "Stopping":
        """Take the signals."""
        self._before = {number: signal.signal(number, self._caught) for number in _SIGNALS}
        return self

    def __exit__(self, *error: object) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        if self._caught_one:
            # The second signal: whatever is in flight is found and explained at the next start.
            os._exit(1)
        self._caught_one = True
        self._loop.call_soon_threadsafe(self._asked.set)

    async def wait(self) -> None:
        """Return when the first signal came."""
        await self._asked.wait()


class Hangups:
    """Turns SIGHUP, which asks for another look at notifier.toml, into events of the loop.

    Where there is no such signal nothing ever comes.
    """

    def __init__(self) -> None:
        """Needs a running loop, in the main thread."""
        self._asked = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._number = getattr(signal, "SIGHUP", None)

    def __enter__(self) -> "Hangups":
        """Take the signal, which would end the process otherwise."""
        if self._number is not None:
            self._before = signal.signal(self._number, self._caught)
        return self

    def __exit__(self, *error: object) -> None:
        """Give the signal back."""
        if self._number is not None:
            signal.signal(self._number, self._before)

    def _caught(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._asked.set)

    async def next(self) -> None:
        """Return when one came since the last time; several meanwhile are one."""
        await self._asked.wait()
        self._asked.clear()


def settle_memory() -> None:
    """Move what start-up made out of the collector's sight, and let it run seldom.

    Halves the slowest answers: a full collection over every imported module takes milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)
