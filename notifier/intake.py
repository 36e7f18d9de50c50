"""Intake: a call is verified, read, and recorded together with its plan.

Takes a raw call, gives the answer that its commit released. Refuses what its source refuses
(WebhookError) and what the store cannot take (StoreError); then nothing was kept.
"""

import functools
import hashlib
import logging
from collections.abc import Mapping

from notifier.model import ids
from notifier.model.errors import UnknownSource
from notifier.model.events import Event
from notifier.model.plans import Memory, Plan
from notifier.model.times import Clock, Instant
from notifier.planning import audience, plan
from notifier.planning.policy import Policy
from notifier.sources.call import Call, Source
from notifier.store.base import Accepted, Recorded, Store

_log = logging.getLogger(__name__)


class Intake:
    """What comes from help desks; operations.py is what comes from operators."""

    def __init__(
        self, sources: Mapping[str, Source], store: Store, policy: Policy, clock: Clock
    ) -> None:
        """`sources` are the configured help desks by name."""
        self._sources = sources
        self._store = store
        self._policy = policy
        self._clock = clock

    def success_status(self, source: str) -> int:
        """Give the HTTP status of an accepted call; raises UnknownSource."""
        return self._find(source).success_status

    async def receive(self, source: str, call: Call) -> Recorded:
        """Verify, read, plan and record one call."""
        desk = self._find(source)
        desk.verify(call, self._clock.now())
        (event,) = desk.read(call)
        recorded = await self._store.record(
            Accepted(
                event=event,
                body=call.body,
                body_hash=hashlib.sha256(call.body).digest(),
                addresses=audience.addresses_of(event, self._policy),
                plan=functools.partial(_plan, event, self._policy),
            )
        )
        _log.info(
            "a webhook was %s",
            recorded.status,
            extra={
                "action": f"webhook.{recorded.status}",
                "source": source,
                "event": ids.public("evt", recorded.event_id),
            },
        )
        return recorded

    def _find(self, source: str) -> Source:
        try:
            return self._sources[source]
        except KeyError:
            raise UnknownSource(f"no help desk named {source!r} is configured") from None


def _plan(event: Event, policy: Policy, memory: Memory, now: Instant) -> Plan:
    return plan.plan(event, memory, policy, now)
