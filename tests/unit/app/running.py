"""The service in this process: its settings, and one that runs until the block is left."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from notifier.app import serving
from notifier.app.building import App, build
from notifier.app.service import Service
from notifier.settings.settings import Settings, load
from tests.service import SECRET, TOKEN

GRACE = 2000


def settings(**environ: str) -> Settings:
    """Give settings as this environment alone would."""
    return load(environ, Path(os.devnull))[0]


def in_folder(folder: Path, **environ: str) -> Settings:
    """Give settings with a store in this folder, and with secrets."""
    store = f"sqlite:///{folder / 'notifier.db'}"
    return settings(
        **{"DATABASE_URL": store, "WEBHOOK_SECRET": SECRET, "API_TOKENS": TOKEN, **environ}
    )


@asynccontextmanager
async def served(given: Settings) -> AsyncIterator[tuple[App, Service]]:
    """Run the service on a free port."""
    app = build(given)
    service = Service(app, serving.bind("127.0.0.1", 0), GRACE)
    await service.start()
    try:
        yield app, service
    finally:
        await service.stop()
