"""Opening the store of an App: for the service, or for a command while no service runs.

Takes settings or an App, gives an open store. Refuses one that another process keeps
(StoreLocked), that is damaged (StoreDamaged) or that cannot be opened (StoreError).
"""

import contextlib
import secrets
from collections.abc import AsyncIterator

from pydantic import SecretStr
from starlette.types import ASGIApp

from notifier.app.building import App, build
from notifier.app.secret_places import Places
from notifier.model.errors import StoreError, StoreLocked
from notifier.settings.settings import Settings
from notifier.store.base import Credits, HandOver, Receiver
from notifier.store.connection import STORAGE_ERRORS, must_exist


def open_store(app: App, places: Credits, receiver: Receiver) -> None:
    """Open the store of `app`; `places` bounds what is claimed, `receiver` gets it."""
    try:
        app.store.open(places, receiver)
    except STORAGE_ERRORS as error:
        raise StoreError(
            f"the store cannot be opened: {error}; DATABASE_URL must name a file in a "
            "folder that is there and may be written to"
        ) from error


@contextlib.asynccontextmanager
async def offline(
    settings: Settings, places: Places | None = None
) -> AsyncIterator[tuple[ASGIApp, str]]:
    """Give the web application on the store itself, and a token that it takes; sends nothing.

    What is planned or retried meanwhile leaves when a service runs again. Raises StoreError
    when there is no store yet, because a command that asks must not make one.
    """
    must_exist(settings.database)
    token = secrets.token_urlsafe()
    app = build(settings.model_copy(update={"api_tokens": SecretStr(token)}), places)
    try:
        open_store(app, _NoPlaces(), _Nobody())
    except StoreLocked as error:
        raise StoreLocked(f"{error}; or ask that service: leave out --offline") from error
    try:
        # What a killed service left under way is explained first, so that nobody reads it as such.
        await app.store.flush()
        yield app.asgi, token
    finally:
        await app.store.close()


class _NoPlaces:
    """Credits that let nothing be claimed."""

    def free(self, channel: str, *, critical: bool) -> int:
        return 0

    def taken(self, channel: str, count: int) -> None:
        """Never called with more than 0."""


class _Nobody:
    """A receiver of nothing."""

    def take(self, handed: HandOver) -> None:
        """Forget it: without credits only withdrawn batches are handed over."""
