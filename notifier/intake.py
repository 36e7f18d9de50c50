"""Intake: a call is verified, read, and recorded together with its plan.

Takes a raw call, gives the answer that its commit released. Refuses what its source refuses
(WebhookError) and what the store cannot take (StoreError); then nothing was kept, or what was
kept of a call with several items is found as a repeat when it comes again. What a source cannot
read though it is honest is kept as it came, and read again when somebody asks for that.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from notifier.model import ids
from notifier.model.errors import Stale, Unmapped, WebhookError
from notifier.model.events import Event
from notifier.model.plans import Memory, Plan
from notifier.model.times import Clock, Instant
from notifier.model.values import value
from notifier.planning import audience, people, plan
from notifier.planning.policy import Policy
from notifier.sources.call import Call, Reading, Source
from notifier.sources.confidential import without_secrets
from notifier.store.answering import NO_EVENT, joined
from notifier.store.base import Accepted, Recorded, RecordStatus, Store
from notifier.store.views import RawCall, UnmappedCall

_log = logging.getLogger(__name__)

_TOGETHER = 64
"""So many items of a call are submitted at once; a commit of the store takes no more."""

_TELLING = "ticket.assigned"
"""Stands for a type that is not known yet, so that the addresses it may need are asked for."""

_NO_TYPE = "none"
"""What a call is counted as that became no event."""

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


@value
class Refusal:
    """Why a call is not read again: it is `wrong_state`, or what it was is `gone`."""

    code: Literal["wrong_state", "gone"]
    why: str


class Intake:
    """What comes from help desks; operations.py is what comes from operators."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        clock: Clock,
        received: Received = _uncounted,
    ) -> None:
        """`received` counts what help desks send."""
        self._store = store
        self._policy = policy
        self._clock = clock
        self._received = received

    async def receive(self, desk: Source, call: Call) -> Recorded:
        """Verify, read, plan and record one call."""
        source = desk.name
        self.verify(desk, call)
        try:
            readings = desk.read(call, self._clock.now())
        except Unmapped as error:
            return await self._keep(desk, call, str(error))
        recorded = await self._record(source, readings, call.body)
        _log.info(
            "a webhook was %s",
            recorded.status,
            extra={
                "action": _ACTIONS[recorded.status],
                "source": source,
                "event": ids.public_or_none("evt", recorded.event_id),
                "deliveries": [ids.public("dlv", one.id) for one in recorded.deliveries],
            },
        )
        return recorded

    async def replay(
        self, event_id: int, find: Callable[[str], Source]
    ) -> Recorded | Refusal | None:
        """Read a kept call once more; None when there is none with this id.

        `find` gives its source, or raises UnknownSource when that is not configured any more.
        Raises StoreError too. What came in between, and was read, makes it a repeat.
        """
        found = await self._store.raw_call(event_id)
        if found is None:
            return None
        detail, raw = found
        if detail.status != "unmapped":
            return Refusal("wrong_state", f"the call was read already: {detail.note}")
        if raw is None:
            return Refusal("gone", "the call was erased: it is older than RETENTION_BODIES")
        desk = find(detail.source)
        call = Call(raw.headers, raw.body, raw.method, raw.query)
        try:
            readings = desk.read(call, detail.accepted_at)
        except WebhookError as error:
            await self._store.replayed(event_id, str(error), mapped=False)
            recorded = _unmapped(event_id, str(error))
        else:
            recorded = await self._record(detail.source, readings, call.body)
            await self._store.replayed(event_id, _came_of(recorded), mapped=True)
        _log.info(
            "a call that was kept is read again: %s",
            recorded.status,
            extra={
                "action": "webhook.replayed",
                "source": detail.source,
                "event": ids.public("evt", event_id),
                "events": [ids.public("evt", number) for number in recorded.events],
                "status": recorded.status,
            },
        )
        return recorded

    async def _record(self, source: str, readings: Sequence[Reading], body: bytes) -> Recorded:
        if len(readings) == 1:
            (reading,) = readings
            recorded = await self._store.record(self._accepted(reading, body))
            self._count(source, reading, recorded)
            return recorded
        whole = object()
        answers: list[Recorded] = []
        for start in range(0, len(readings), _TOGETHER):
            part = readings[start : start + _TOGETHER]
            kept = any(answer.events for answer in answers)
            calls = [self._accepted(one, body, whole) for one in part]
            if kept:
                calls = [replace(one, body=None) for one in calls]
            recorded_now = await self._store.record_all(calls)
            for reading, recorded in zip(part, recorded_now, strict=True):
                self._count(source, reading, recorded)
            answers += recorded_now
        if not answers:
            self._received(source, _NO_TYPE, "ignored")
        return _together(answers)

    def _accepted(self, reading: Reading, body: bytes, whole: object | None = None) -> Accepted:
        event = reading.event
        widest = event if reading.types is None else replace(event, type=_TELLING)
        return Accepted(
            event=event,
            body=body,
            body_hash=hashlib.sha256(body).digest() if reading.exact else None,
            addresses=audience.addresses_of(widest, self._policy),
            plan=self._plan,
            types=reading.types,
            remember=reading.remember,
            whole=whole,
            names=people.names_of(widest, self._policy),
        )

    def _count(self, source: str, reading: Reading, recorded: Recorded) -> None:
        if reading.types is not None:
            for kind in recorded.types or (_NO_TYPE,):
                self._received(source, kind, recorded.status)
            return
        event = reading.event
        # A type that nobody knows is the sender's own text, and must not make series of its own.
        self._received(source, event.type if event.known else "other", recorded.status)

    async def _keep(self, desk: Source, call: Call, why: str) -> Recorded:
        kept = without_secrets(call, desk.confidential)
        raw = RawCall(kept.method, kept.query, kept.headers, kept.body)
        # What happened may stand in the headers alone, so that they tell calls apart too.
        digest = hashlib.sha256(repr(raw).encode()).digest()
        number = await self._store.keep(UnmappedCall(desk.name, digest, why, raw))
        self._received(desk.name, _NO_TYPE, "unmapped")
        _log.warning(
            "a webhook could not be read and was kept: %s",
            why,
            extra={
                "action": "webhook.unmapped",
                "source": desk.name,
                "event": ids.public("evt", number),
                "cause": why,
            },
        )
        return _unmapped(number, why)

    def verify(self, desk: Source, call: Call) -> None:
        """Return if somebody who knows a secret of `desk` sent the call; raises BadSignature."""
        try:
            desk.verify(call, self._clock.now())
        except Stale:
            # Our clock follows the machine's at the start only, so that a jump moves nothing; a
            # machine that was set right since then must still take honest calls.
            desk.verify(call, self._clock.wall())

    def _plan(self, event: Event, memory: Memory, now: Instant) -> Plan:
        return plan.plan(event, memory, self._policy, now)


def _unmapped(number: int, why: str) -> Recorded:
    return Recorded(number, "unmapped", why, (), (number,))


def _together(answers: Sequence[Recorded]) -> Recorded:
    """Give the one answer to a call with any number of items."""
    # Two items of one call may be one and the same.
    events = tuple(dict.fromkeys(number for one in answers for number in one.events))
    deliveries = {view.id: view for one in answers for view in one.deliveries}
    return Recorded(
        events[0] if events else None,
        _status_of({one.status for one in answers}),
        joined(one.note for one in answers) if answers else NO_EVENT,
        tuple(deliveries.values()),
        events,
        tuple(kind for one in answers for kind in one.types),
    )


def _status_of(statuses: Iterable[RecordStatus]) -> RecordStatus:
    found = set(statuses)
    order: tuple[RecordStatus, ...] = ("accepted", "conflict")
    for status in order:
        if status in found:
            return status
    return "duplicate" if found == {"duplicate"} else "ignored"


def _came_of(recorded: Recorded) -> str:
    if not recorded.events:
        return f"read again: {recorded.status}"
    names = ", ".join(ids.public("evt", number) for number in recorded.events)
    return f"read again as {names}: {recorded.status}"
