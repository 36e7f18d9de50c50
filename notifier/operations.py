"""Operations: what operators ask of the service, carried out by the store.

Takes ids, channels and addresses, gives what came of it after its commit. Refuses a test
message that could be addressed to nobody (WrongShape), and what the store cannot take
(StoreError); then nothing was changed.
"""

import functools
import hashlib
import json
import logging
from collections.abc import Callable

from notifier.model import ids
from notifier.model.errors import Fault, WrongShape
from notifier.model.events import TEST_TYPE, Event, Ticket
from notifier.model.plans import Again, Anew, Found, LookUp, Memory, Plan, Unaddressed
from notifier.model.times import Clock, Instant
from notifier.planning import operator
from notifier.planning.policy import Policy
from notifier.store.base import Accepted, Operated, Store
from notifier.store.views import DeliveryView

_log = logging.getLogger(__name__)

_WISH = "an operator's wish was %s"

SOURCE = "internal"
"""The source of events that the service makes itself; no help desk may have this name."""


class Operator:
    """Does what an operator asks for."""

    def __init__(
        self, store: Store, policy: Policy, clock: Clock, nonce: Callable[[], str]
    ) -> None:
        """`nonce` names test messages; it never gives the same text twice."""
        self._store = store
        self._policy = policy
        self._clock = clock
        self._nonce = nonce

    async def retry(self, delivery_id: int) -> Operated | None:
        """Let an ended delivery be sent after all; None when there is none with this id."""
        done = await self._store.retry(delivery_id, functools.partial(_again, self._policy))
        if done is not None:
            about = _about(delivery_id, done)
            _log.info(_WISH, _word(done), extra={"action": "operator.retry", **about})
        return done

    async def cancel(self, delivery_id: int) -> Operated | None:
        """Withdraw a delivery; None when there is none with this id."""
        done = await self._store.cancel(delivery_id)
        if done is not None:
            about = _about(delivery_id, done)
            _log.info(_WISH, _word(done), extra={"action": "operator.cancel", **about})
        return done

    async def test(self, channel: str, to: str) -> DeliveryView:
        """Record a test message, and give its delivery; raises WrongShape, StoreError."""
        address = operator.address_of(channel, to, self._policy)
        if isinstance(address, Fault):
            raise WrongShape([address])
        name = f"test-{self._nonce()}"
        event = Event(
            source=SOURCE,
            webhook_id=name,
            type=TEST_TYPE,
            occurred_at=self._clock.now(),
            # Each is a ticket of its own: none waits for another one's end.
            ticket=Ticket(id=name, title="Test message", number="test"),
            assignee=operator.reader(channel, address),
        )
        body = json.dumps({"channel": channel, "to": to}).encode()
        recorded = await self._store.record(
            Accepted(
                event=event,
                body=body,
                body_hash=hashlib.sha256(body).digest(),
                addresses=((channel, address),),
                plan=functools.partial(_plan, (channel, address), self._policy),
                names=operator.names_of(channel, address),
            )
        )
        (delivery,) = recorded.deliveries
        _log.info(
            "a test message is %s",
            delivery.state,
            extra={
                "action": "operator.test",
                "channel": channel,
                "event": ids.public_or_none("evt", recorded.event_id),
                "delivery": ids.public("dlv", delivery.id),
                "state": delivery.state,
            },
        )
        return delivery


def _word(done: Operated) -> str:
    return "granted" if done.refusal is None else f"refused: {done.refusal}"


def _about(delivery_id: int, done: Operated) -> dict[str, object]:
    return {
        "delivery": ids.public("dlv", delivery_id),
        "found": done.found,
        "granted": done.refusal is None,
    }


def _again(policy: Policy, found: Found | Unaddressed, now: Instant) -> Again | Anew | LookUp | str:
    return operator.again(found, policy, now)


def _plan(to: tuple[str, str], policy: Policy, event: Event, memory: Memory, now: Instant) -> Plan:
    return operator.plan_test(event, to, memory, policy, now)
