"""The service as it runs: store, dispatcher and web server, started and stopped in order.

Takes an App and a bound socket. Refuses to start on a store that another process keeps
(StoreLocked), that is damaged (StoreDamaged) or cannot be opened (StoreError), and on an
address on which another process listens (NotifierError).
"""

import asyncio
import contextlib
import logging
import socket

from notifier.app import serving
from notifier.app.building import App
from notifier.app.opening import open_store
from notifier.model.errors import NotifierError, StoreError, StoreLocked
from notifier.model.times import SECOND, Millis

_log = logging.getLogger(__name__)

_LOCK_LOOK = 0.25
_LAST_COMMIT = 3.0
_LAST_ANSWERS = 3


class Service:
    """One App on one event loop."""

    def __init__(self, app: App, listening: socket.socket, grace: Millis) -> None:
        """`listening` is bound, not yet listening; `grace` is what sends get to finish."""
        self._app = app
        self._listening = listening
        self._grace = grace
        self._server = serving.server(app.asgi, _LAST_ANSWERS, app.meters.refused)
        self._tasks: list[asyncio.Task[None]] = []
        host, port = listening.getsockname()[:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def url(self) -> str:
        """Give the address on which it listens."""
        return self._url

    async def start(self, lock_wait: Millis = 0) -> None:
        """Open the store, send what waits in it, and answer; returns when calls are answered.

        What it opened is closed again when it fails or is cancelled, the socket included.
        """
        try:
            await self._open(lock_wait)
            await self._run()
        except BaseException:
            self._listening.close()
            raise
        self._app.watch.started = True

    async def _run(self) -> None:
        self._tasks = [
            asyncio.create_task(self._app.dispatcher.run(), name="dispatcher"),
            asyncio.create_task(self._server.serve([self._listening]), name="server"),
        ]
        self._watching_loop = asyncio.create_task(self._app.meters.watch_loop(), name="loop lag")
        self._forgetting = asyncio.create_task(self._app.recent.watch(), name="recent calls")
        answers = asyncio.create_task(self._server.answers.wait())
        try:
            await asyncio.wait({answers, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            if not answers.done():
                await self.ended()
        except OSError as error:
            await self.stop()
            # Whoever else bound the same address was the first to listen on it.
            raise NotifierError(f"cannot listen on {self.url}: {error.strerror}") from error
        except BaseException:
            await self.stop()
            raise
        finally:
            answers.cancel()

    async def _open(self, lock_wait: Millis) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + lock_wait / SECOND
        said = False
        while True:
            try:
                open_store(self._app, self._app.credits, self._app.dispatcher)
                return
            except StoreLocked as error:
                if loop.time() >= until:
                    raise
                if not said:
                    _log.info("waiting: %s", error, extra={"action": "store.waiting"})
                said = True
            await asyncio.sleep(_LOCK_LOOK)

    async def ended(self) -> None:
        """Return only if something that should run for good ends by itself; raises its error."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Let sends land within the grace, take no more calls, commit everything, close."""
        self._app.watch.stopping = True
        # Until the sends have landed calls are answered, readiness with a 503.
        await self._app.dispatcher.drain(self._grace)
        self._watching_loop.cancel()
        self._forgetting.cancel()
        self._server.should_exit = True
        await asyncio.wait(self._tasks)
        try:
            # What a broken storage cannot take is found open at the next start.
            with contextlib.suppress(StoreError, TimeoutError):
                async with asyncio.timeout(_LAST_COMMIT):
                    await self._app.store.flush()
        finally:
            await self._app.store.close()
