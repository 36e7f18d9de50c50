"""How the service is, in one word and in sentences.

Takes the store and the dispatcher, gives what /health/ready answers. Refuses nothing: what
cannot be found out is a reason.
"""

from collections.abc import Mapping
from typing import Protocol

from notifier.model import times
from notifier.model.errors import StoreFailed
from notifier.model.times import Clock, Millis
from notifier.store.base import Health
from notifier.web.health import Readiness

_OLD = 4
"""A delivery is old when it has waited for this part of the time after which it expires."""


class Healthy(Protocol):
    """The store, as far as it is asked here."""

    async def health(self) -> Health:
        """Give whether commits succeed, and the age of what waits."""
        ...


class Watched(Protocol):
    """The dispatcher, as far as it is asked here."""

    def down(self) -> tuple[str, ...]:
        """Give a sentence for each channel that is down."""
        ...


class Watch:
    """Knows whether the service starts, runs or stops, and asks the rest."""

    def __init__(
        self, store: Healthy, dispatcher: Watched, ttl: Mapping[str, Millis], clock: Clock
    ) -> None:
        """`ttl` is by channel; the service counts as starting until `started` is set."""
        self._store = store
        self._dispatcher = dispatcher
        self._ttl = ttl
        self._clock = clock
        self.started = False
        self.stopping = False

    async def readiness(self) -> Readiness:
        """Say whether a webhook can be committed now, and what is not as it should be."""
        if self.stopping:
            return Readiness(False, "stopping", ("The service is stopping.",))
        if not self.started:
            return Readiness(False, "starting", ("The service is starting.",))
        try:
            health = await self._store.health()
        except StoreFailed as error:
            return Readiness(False, "failed", (str(error),))
        if health.fault is not None:
            return Readiness(False, "failed", (f"Nothing can be committed: {health.fault}.",))
        reasons = (*self._dispatcher.down(), *self._old(health), *health.trouble)
        return Readiness(True, "degraded" if reasons else "ok", reasons)

    def _old(self, health: Health) -> tuple[str, ...]:
        now = self._clock.now()
        return tuple(
            f"The oldest pending {channel} waits since {times.to_text(since)}."
            for channel, since in health.oldest_pending.items()
            if channel in self._ttl and now - since > self._ttl[channel] // _OLD
        )
