"""What every store promises to operators: what is open may be withdrawn."""

from dataclasses import replace

import pytest

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.states import State
from notifier.model.times import HOUR, MINUTE, SECOND
from notifier.store.base import Operated
from tests.contracts.test_every_store_operators import LATER, PHONE, REJECTED, born
from tests.store_harness import ADMIN, JANE, START, StoreHarness, event


async def test_what_waits_is_cancelled(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    number = await born(desk)
    assert await desk.store.cancel(number) == Operated(State.PENDING, None)
    assert await desk.state_of(number) == "cancelled: operator"
    desk.places.left["email"] = 1
    await desk.store.claim()
    assert desk.taker.batches == []


async def test_what_waits_for_a_retry_is_cancelled_and_its_batch_ends(desk: StoreHarness) -> None:
    number = await born(desk)
    await desk.settle(desk.taker.batches.pop(), LATER)
    await desk.store.cancel(number)
    assert await desk.state_of(number) == "cancelled: operator"
    await desk.advance(HOUR)
    assert desk.taker.batches == []
    assert len((await desk.detail(number)).attempts) == 1


async def test_a_member_of_a_waiting_roll_up_leaves_it_and_the_others_go_without_it(
    desk: StoreHarness,
) -> None:
    desk.places.left["email"] = 0
    numbers = [await born(desk, event(ticket=f"{one}", version=1)) for one in range(7)]
    desk.places.left["email"] = 10
    await desk.store.claim()
    (rollup,) = desk.taker.batches
    desk.taker.batches.clear()
    await desk.settle(rollup, LATER)
    await desk.store.cancel(numbers[3])
    assert await desk.state_of(numbers[3]) == "cancelled: operator"
    left = {member.delivery_id for batch in desk.taker.batches for member in batch.members}
    assert left == set(numbers) - {numbers[3]}


@pytest.mark.parametrize(
    ("outcome", "ends_as"),
    [
        (Outcome(OutcomeKind.SENT), "sent"),
        (LATER, "cancelled: operator"),
        (Outcome(OutcomeKind.HANDED_BACK), "cancelled: operator"),
        (REJECTED, "cancelled: operator"),
        (Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE), "cancelled: operator"),
    ],
)
async def test_what_is_being_sent_is_marked_and_sent_wins(
    desk: StoreHarness, outcome: Outcome, ends_as: str
) -> None:
    number = await born(desk)
    (batch,) = desk.taker.batches
    assert await desk.store.cancel(number) == Operated(State.SENDING, None)
    await desk.store.flush()
    assert (await desk.state_of(number), desk.taker.unwanted) == ("sending", [batch.id])
    await desk.settle(batch, outcome)
    assert await desk.state_of(number) == ends_as


async def test_what_is_unknown_is_not_tried_again_once_it_is_cancelled(desk: StoreHarness) -> None:
    number = await born(desk)
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE)
    )
    assert await desk.store.cancel(number) == Operated(State.UNKNOWN, None)
    await desk.advance(MINUTE)
    assert desk.taker.batches == []
    assert await desk.state_of(number) == "cancelled: operator"


async def test_a_text_message_of_which_nobody_knows_ends_as_unknown_though_it_is_cancelled(
    desk: StoreHarness,
) -> None:
    number = await born(desk, event(to=PHONE))
    (batch,) = desk.taker.batches
    await desk.store.start(batch, "nonce")
    await desk.settle(batch, OutcomeKind.UNKNOWN)
    assert await desk.store.cancel(number) == Operated(State.UNKNOWN, None)
    await desk.advance(HOUR)
    await desk.store.sweep()
    assert await desk.state_of(number) == "failed: outcome_unknown"


async def test_a_second_cancel_changes_nothing(desk: StoreHarness) -> None:
    number = await born(desk)
    assert await desk.store.cancel(number) == await desk.store.cancel(number)
    await desk.settle(desk.taker.batches.pop(), LATER)
    done = await desk.store.cancel(number)
    assert done is not None
    assert (done.found, bool(done.refusal)) == (State.CANCELLED, True)
    assert await desk.state_of(number) == "cancelled: operator"


async def test_what_was_sent_is_not_cancelled(desk: StoreHarness) -> None:
    number = await born(desk)
    await desk.settle(desk.taker.batches.pop(), OutcomeKind.SENT)
    done = await desk.store.cancel(number)
    assert done is not None
    assert (done.found, "sent" in str(done.refusal)) == (State.SENT, True)


async def test_what_was_cancelled_goes_again_when_it_is_retried(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    number = await born(desk, replace(event(), assignee=JANE, actor=ADMIN))
    await desk.store.cancel(number)
    desk.places.left["email"] = 1
    await desk.advance(SECOND)
    await desk.retry(number)
    assert await desk.state_of(number) == "sending"
