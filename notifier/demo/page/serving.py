"""The page's own server, on loopback, beside the service.

Takes the stage of a demonstration, gives the page's address while it is shown. Refuses nothing
but a machine on which no port is free (OSError).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from notifier.app import serving
from notifier.demo.loopback import HOST, listening
from notifier.demo.page import application
from notifier.demo.page.history import History
from notifier.demo.story import Stage

_PORT = 8081
_LAST_ANSWERS = 2


@contextlib.asynccontextmanager
async def shown(stage: Stage) -> AsyncIterator[str]:
    """Serve the page, on port 8081 if it is free; gives its address."""
    async with History(stage.url, stage.token) as history:
        server = serving.server(application.build(stage, history), _LAST_ANSWERS, lambda code: None)
        bound = listening(_PORT)
        running = asyncio.create_task(server.serve([bound]), name="page")
        try:
            await server.answers.wait()
            yield f"http://{HOST}:{bound.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await asyncio.wait({running})
            bound.close()
