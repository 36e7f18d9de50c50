"""The service as it runs: store, dispatcher and web server, started and stopped in order.

Takes an App and a bound socket. Refuses to start on a store that another process keeps
(StoreLocked) or that is damaged (StoreDamaged).
"""

import asyncio
import socket

from notifier.app import serving
from notifier.app.building import App
from notifier.model.errors import StoreLocked
from notifier.model.times import SECOND, Millis

_LOCK_LOOK = 0.25


class Service:
    """One App on one event loop."""

    def __init__(self, app: App, listening: socket.socket, grace: Millis) -> None:
        """`listening` is bound, not yet listening; `grace` is what sends get to finish."""
        self._app = app
        self._listening = listening
        self._grace = grace
        self._server = serving.server(app.asgi, max(1, grace // SECOND))
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Give the address on which it listens."""
        host, port = self._listening.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self, lock_wait: Millis = 0) -> None:
        """Open the store, send what waits in it, and answer; returns when calls are answered."""
        await self._open(lock_wait)
        self._tasks = [
            asyncio.create_task(self._app.dispatcher.run(), name="dispatcher"),
            asyncio.create_task(self._server.serve([self._listening]), name="server"),
        ]
        await self._server.answers.wait()
        self._app.watch.started = True

    async def _open(self, lock_wait: Millis) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + lock_wait / SECOND
        while True:
            try:
                self._app.store.open(self._app.credits, self._app.dispatcher)
                return
            except StoreLocked:
                if loop.time() >= until:
                    raise
            await asyncio.sleep(_LOCK_LOOK)

    async def ended(self) -> None:
        """Return only if something that should run for good ends by itself; raises its error."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Take no more calls, let sends land within the grace, commit everything, close."""
        self._app.watch.stopping = True
        self._server.should_exit = True
        await self._app.dispatcher.drain(self._grace)
        await asyncio.wait(self._tasks)
        await self._app.store.flush()
        await self._app.store.close()
