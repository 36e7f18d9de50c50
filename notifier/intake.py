"""Intake: a call is verified, read, and recorded together with its plan.

Takes a raw call, gives the answer that its commit released. Refuses what its source refuses
(WebhookError) and what the store cannot take (StoreError); then nothing was kept.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping

from notifier.model import ids
from notifier.model.errors import Stale, UnknownSource
from notifier.model.events import Event
from notifier.model.plans import Memory, Plan
from notifier.model.times import Clock, Instant
from notifier.planning import audience, people, plan
from notifier.planning.policy import Policy
from notifier.sources.call import Call, Source
from notifier.store.base import Accepted, Recorded, RecordStatus, Store

_log = logging.getLogger(__name__)


_ACTIONS: Mapping[RecordStatus, str] = {
    "accepted": "webhook.accepted",
    "ignored": "webhook.ignored",
    "duplicate": "webhook.duplicate",
    "conflict": "webhook.conflict",
}

Received = Callable[[str, str, str], None]
"""Learns the source, the type and the status of each webhook that was recorded."""


def _uncounted(source: str, kind: str, status: str) -> None:
    """Count nothing."""


class Intake:
    """What comes from help desks; operations.py is what comes from operators."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        store: Store,
        policy: Policy,
        clock: Clock,
        received: Received = _uncounted,
    ) -> None:
        """`sources` are the configured help desks by name; `received` counts what they send."""
        self._sources = sources
        self._store = store
        self._policy = policy
        self._clock = clock
        self._received = received

    def success_status(self, source: str) -> int:
        """Give the HTTP status of an accepted call; raises UnknownSource."""
        return self._find(source).success_status

    async def receive(self, source: str, call: Call) -> Recorded:
        """Verify, read, plan and record one call."""
        desk = self._find(source)
        self._verify(desk, call)
        (reading,) = desk.read(call, self._clock.now())
        event = reading.event
        recorded = await self._store.record(
            Accepted(
                event=event,
                body=call.body,
                body_hash=hashlib.sha256(call.body).digest(),
                addresses=audience.addresses_of(event, self._policy),
                plan=self._plan,
                names=people.names_of(event, self._policy),
            )
        )
        # A type that nobody knows is the sender's own text, and must not make series of its own.
        self._received(source, event.type if event.known else "other", recorded.status)
        _log.info(
            "a webhook was %s",
            recorded.status,
            extra={
                "action": _ACTIONS[recorded.status],
                "source": source,
                "event": ids.public("evt", recorded.event_id),
                "deliveries": [ids.public("dlv", one.id) for one in recorded.deliveries],
            },
        )
        return recorded

    def _verify(self, desk: Source, call: Call) -> None:
        try:
            desk.verify(call, self._clock.now())
        except Stale:
            # Our clock follows the machine's at the start only, so that a jump moves nothing; a
            # machine that was set right since then must still take honest calls.
            desk.verify(call, self._clock.wall())

    def _find(self, source: str) -> Source:
        try:
            return self._sources[source]
        except KeyError:
            raise UnknownSource(f"no help desk named {source!r} is configured") from None

    def _plan(self, event: Event, memory: Memory, now: Instant) -> Plan:
        return plan.plan(event, memory, self._policy, now)
