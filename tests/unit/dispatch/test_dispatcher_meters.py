"""What dispatch counts of its tries."""

from dataclasses import replace

import pytest

from notifier.model.errors import DeliveryError
from notifier.model.ids import IdMaker
from notifier.model.times import SECOND
from tests.scripted_channel import accept, refuse
from tests.unit.dispatch.doubles import START, Scene, batch
from tests.unit.dispatch.trouble import DOWN, NO_MAILBOX, NO_REPLY, NOT_NOW, SIGN_IN_REFUSED


async def test_a_send_is_counted_with_how_long_each_of_its_deliveries_took() -> None:
    (member,) = batch().members
    events = [IdMaker.floor(START - waited) + 7 for waited in (SECOND, 5 * SECOND)]
    made = replace(batch(), members=tuple(replace(member, event_id=one) for one in events))
    async with Scene() as scene:
        scene.email.script(accept(takes=3 * SECOND))
        await scene.offer(made)
        await scene.advance(3 * SECOND)
    assert scene.meter.attempts == [("email", "sent", "")]
    assert scene.meter.waited == [("email", [4 * SECOND, 8 * SECOND])]


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (NOT_NOW, "refused", "retries_exhausted"),
        (NO_MAILBOX, "failed", "bad_mailbox"),
        (NO_REPLY, "unknown", "outcome_unknown"),
        (DOWN, "handed_back", "retries_exhausted"),
    ],
)
async def test_a_try_that_failed_is_counted_with_its_reason(
    error: DeliveryError, outcome: str, reason: str
) -> None:
    async with Scene() as scene:
        scene.email.script(refuse(error))
        await scene.offer(batch())
    assert scene.meter.attempts == [("email", outcome, reason)]
    assert scene.meter.waited == []


async def test_what_was_never_tried_is_not_counted() -> None:
    async with Scene() as scene:
        await scene.dispatcher.drain(0)
        await scene.offer(batch())
    assert scene.meter.attempts == []


async def test_it_tells_which_breakers_are_open() -> None:
    async with Scene() as scene:
        assert scene.dispatcher.breakers() == {"email": False, "sms": False}
        scene.email.script(refuse(SIGN_IN_REFUSED))
        await scene.offer(batch())
        assert scene.dispatcher.breakers() == {"email": True, "sms": False}
