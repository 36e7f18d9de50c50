"""What every store promises: leases, and what a crash leaves of them."""

from dataclasses import replace

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import HOUR, MINUTE, SECOND
from notifier.store.views import Slice
from tests.store_harness import (
    JOHN,
    START,
    StoreHarness,
    event,
)

ALL = Slice(200)
PHONE = replace(JOHN, email=None, phone="+14155550123")


async def test_a_settle_without_its_lease_changes_nothing_but_the_evidence(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    batch = desk.taker.batches[0]
    await desk.settle(batch, Outcome(OutcomeKind.FAILED, Reason.POLICY), fence=batch.fence + 1)
    detail = await desk.detail(delivery.id)
    assert detail.view.state is State.SENDING
    assert [attempt.outcome for attempt in detail.attempts] == ["failed"]


async def test_a_lease_ends_unless_it_is_renewed(desk: StoreHarness) -> None:
    await desk.post(event())
    (batch,) = desk.taker.batches
    await desk.advance(27 * SECOND)
    assert desk.store.still_held(batch)
    assert await desk.store.renew() == []
    await desk.advance(27 * SECOND)
    assert desk.store.still_held(batch)
    await desk.advance(SECOND)
    assert not desk.store.still_held(batch)


async def test_a_late_settle_of_an_earlier_lease_leaves_the_present_one(
    desk: StoreHarness,
) -> None:
    await desk.post(event())
    (first,) = desk.taker.batches
    await desk.settle(first, OutcomeKind.HANDED_BACK)
    await desk.store.claim()
    second = desk.taker.batches[-1]
    assert second.fence > first.fence
    await desk.settle(first, OutcomeKind.SENT)
    assert desk.store.still_held(second)


async def test_what_is_held_in_memory_is_not_freed_by_the_audit(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.advance(5 * MINUTE)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "sending"


async def test_after_a_crash_a_mail_is_sent_again_at_once_as_itself(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    first = desk.taker.batches[0]
    await desk.restart()
    (again,) = desk.taker.batches
    assert (again.id, again.first_at, again.fence) == (first.id, first.first_at, 2)
    attempts = (await desk.detail(delivery.id)).attempts
    assert [attempt.outcome for attempt in attempts] == ["interrupted"]


async def test_a_crashed_try_is_dated_by_its_lease_and_not_by_the_restart(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.advance(HOUR)
    await desk.restart()
    (attempt,) = (await desk.detail(delivery.id)).attempts
    assert (attempt.started_at, attempt.ended_at) == (START, START + HOUR)


async def test_after_a_crash_a_roll_up_keeps_its_bytes_whatever_is_withdrawn_later(
    desk: StoreHarness,
) -> None:
    for number in range(1, 6):
        await desk.post(event(ticket=str(number)))
    for batch in desk.taker.batches:
        await desk.settle(batch, OutcomeKind.SENT)
    held = [(await desk.post(event(ticket=str(number)))).deliveries[0] for number in (6, 7)]
    desk.taker.batches.clear()
    await desk.advance(MINUTE)
    (rolled,) = desk.taker.batches
    assert len(rolled.members) == 2
    await desk.restart()
    await desk.advance(MINUTE)
    (again,) = desk.taker.batches
    await desk.settle(again, Outcome(OutcomeKind.REFUSED, next_at=desk.clock.now() + MINUTE))
    await desk.post(event("resolved", ticket="6"))
    await desk.advance(2 * MINUTE)
    third = desk.taker.batches[-1]
    assert (third.id, len(third.members)) == (rolled.id, 2), "it may have arrived as it was"
    await desk.settle(third, OutcomeKind.SENT)
    assert [await desk.state_of(view.id) for view in held] == ["sent", "sent"]


async def test_after_a_crash_an_sms_that_had_not_begun_waits_uncounted(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event(to=PHONE))).deliveries
    await desk.restart()
    (again,) = desk.taker.batches
    assert again.attempts == 0
    assert (await desk.detail(delivery.id)).attempts == ()


async def test_after_a_crash_an_sms_that_had_begun_is_never_posted_again(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event(to=PHONE))).deliveries
    assert await desk.store.start(desk.taker.batches[0], "nonce-1")
    await desk.restart()
    assert desk.taker.batches == []
    assert await desk.state_of(delivery.id) == "unknown"
    await desk.advance(HOUR)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "failed: outcome_unknown"
    assert desk.taker.batches == []


async def test_a_crash_forgets_no_send_that_the_limiter_counted(desk: StoreHarness) -> None:
    for number in range(5):
        await desk.post(event(ticket=str(number)))
    for batch in desk.taker.batches[:4]:
        await desk.settle(batch, OutcomeKind.SENT)
    await desk.advance(SECOND)
    await desk.restart()
    assert desk.taker.batches == [], "four stamps, and the interrupted one counts as well"
    await desk.advance(MINUTE - SECOND)
    assert [batch.fence for batch in desk.taker.batches] == [2]


async def test_an_attempt_begins_only_under_a_lease(desk: StoreHarness) -> None:
    await desk.post(event(to=PHONE))
    (batch,) = desk.taker.batches
    assert not await desk.store.start(replace(batch, fence=9), "nonce-1")
    await desk.advance(31 * SECOND)
    assert not await desk.store.start(batch, "nonce-2")
