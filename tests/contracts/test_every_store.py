"""What every store promises, whatever it keeps its rows in."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.model.deliveries import Batch, Outcome, OutcomeKind
from notifier.model.errors import StoreBusy
from notifier.model.plans import Memory, Move, Plan, TicketState
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Instant
from notifier.store.views import DeliveryFilter, EventFilter, Slice
from tests.store_harness import (
    JANE,
    JOHN,
    OPTIONS,
    START,
    STORES,
    StoreHarness,
    as_store,
    critical,
    event,
)

ALL = Slice(200)
PHONE = replace(JOHN, email=None, phone="+14155550123")


@pytest.fixture(params=STORES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness(request.param, tmp_path)
    assert as_store(harness) is harness.store
    yield harness
    await harness.store.close()


async def test_an_event_is_recorded_with_its_deliveries_and_claimed_at_once(
    desk: StoreHarness,
) -> None:
    answer = await desk.post(event())
    (delivery,) = answer.deliveries
    (batch,) = desk.taker.batches
    assert answer.status == "accepted"
    assert (delivery.state, delivery.recipient, delivery.channel) == (
        State.SENDING,
        "john@example.com",
        "email",
    )
    assert (batch.address, batch.fence, batch.attempts, batch.first_at) == (
        "john@example.com",
        1,
        0,
        START,
    )
    assert [member.delivery_id for member in batch.members] == [delivery.id]
    assert batch.members[0].event.ticket.title == "Printer Not Working"
    assert desk.store.still_held(batch)


async def test_the_same_id_counts_once(desk: StoreHarness) -> None:
    first = await desk.post(event(), key="one")
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    again = await desk.post(event(), key="one")
    other = await desk.post(event(), key="one", body=b'{"type": "another body"}')
    assert (again.status, again.event_id) == ("duplicate", first.event_id)
    assert [delivery.state for delivery in again.deliveries] == [State.SENT]
    assert (other.status, other.event_id) == ("conflict", first.event_id)
    assert len((await desk.store.events(EventFilter(), ALL)).items) == 1


async def test_the_same_id_a_hundred_times_at_once_is_one_event(desk: StoreHarness) -> None:
    answers = await asyncio.gather(*(desk.post(event(), key="one") for _ in range(100)))
    assert sorted(answer.status for answer in answers) == ["accepted"] + ["duplicate"] * 99
    assert len({answer.event_id for answer in answers}) == 1
    assert len(desk.taker.batches) == 1


async def test_events_of_one_ticket_that_arrive_together_see_each_other(
    desk: StoreHarness,
) -> None:
    desk.places.left["email"] = 0
    happened = [event(to=JOHN, version=1), event(to=JANE, version=2), event(to=JOHN, version=1)]
    answers = await asyncio.gather(*(desk.post(one) for one in happened))
    states = [await desk.state_of(answer.deliveries[0].id) for answer in answers]
    assert states == ["cancelled: reassigned", "pending", "cancelled: superseded"]


async def test_an_unknown_type_is_kept_and_leads_to_nothing(desk: StoreHarness) -> None:
    answer = await desk.post(event("polished"))
    assert (answer.status, answer.deliveries) == ("ignored", ())
    found = await desk.store.event(answer.event_id)
    assert found is not None
    assert found.status == "ignored"


async def test_without_places_a_delivery_waits_in_the_store(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (delivery,) = (await desk.post(event())).deliveries
    assert delivery.state is State.PENDING
    await desk.store.claim()
    assert desk.taker.batches == []
    desk.places.left["email"] = 1
    desk.store.wake()
    await desk.store.wait_for_work()
    await desk.store.claim()
    assert len(desk.taker.batches) == 1


async def test_a_sent_batch_leaves_its_evidence(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    detail = await desk.detail(delivery.id)
    assert (detail.view.state, detail.view.finished_at) == (State.SENT, START)
    assert detail.view.provider_id == "queued-1"
    (attempt,) = detail.attempts
    assert (attempt.phase, attempt.outcome, attempt.code, attempt.digest) == (
        "dot",
        "sent",
        250,
        "digest",
    )
    assert not desk.store.still_held(desk.taker.batches[0])


async def test_a_refused_batch_waits_and_goes_again_as_itself(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    first = desk.taker.batches.pop()
    next_at = START + 15 * SECOND
    await desk.settle(first, Outcome(OutcomeKind.REFUSED, next_at=next_at))
    assert await desk.state_of(delivery.id) == "pending"
    await desk.advance(15 * SECOND - 1)
    assert desk.taker.batches == []
    await desk.advance(1)
    (again,) = desk.taker.batches
    assert (again.id, again.fence, again.attempts, again.first_at) == (first.id, 2, 1, START)


async def test_a_retry_holds_back_only_its_own_ticket(desk: StoreHarness) -> None:
    await desk.post(event(ticket="1", version=1))
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.REFUSED, next_at=START + MINUTE)
    )
    await desk.advance(61 * SECOND - 1 * SECOND - 1)
    same = await desk.post(event("created", ticket="1", version=9, at=START + 1))
    other = await desk.post(event(ticket="2"))
    assert [batch.members[0].ticket_number for batch in desk.taker.batches] == ["2"]
    assert other.deliveries[0].state is State.SENDING
    assert await desk.state_of(same.deliveries[0].id) == "merged: same_save"


async def test_a_handed_back_batch_is_not_counted(desk: StoreHarness) -> None:
    await desk.post(event())
    first = desk.taker.batches.pop()
    await desk.settle(first, Outcome(OutcomeKind.HANDED_BACK, next_at=START))
    (again,) = desk.taker.batches
    assert (again.id, again.fence, again.attempts) == (first.id, 2, 0)


async def test_a_failed_batch_says_why(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(desk.taker.batches[0], Outcome(OutcomeKind.FAILED, reason=Reason.POLICY))
    assert await desk.state_of(delivery.id) == "failed: policy"


async def test_a_reassignment_cancels_what_waits(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (to_john,) = (await desk.post(event(to=JOHN, version=1))).deliveries
    (to_jane,) = (await desk.post(event(to=JANE, version=2))).deliveries
    assert await desk.state_of(to_john.id) == "cancelled: reassigned"
    assert await desk.state_of(to_jane.id) == "pending"


async def test_a_withdrawal_in_flight_is_honoured_when_the_try_fails(desk: StoreHarness) -> None:
    (to_john,) = (await desk.post(event(to=JOHN, version=1))).deliveries
    await desk.post(event(to=JANE, version=2))
    flying = desk.taker.batches[0]
    assert desk.taker.unwanted == [flying.id]
    await desk.settle(flying, Outcome(OutcomeKind.REFUSED, next_at=START + SECOND))
    assert await desk.state_of(to_john.id) == "cancelled: reassigned"


async def test_a_withdrawal_in_flight_loses_against_sent(desk: StoreHarness) -> None:
    (to_john,) = (await desk.post(event(to=JOHN, version=1))).deliveries
    await desk.post(event(to=JANE, version=2))
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    assert await desk.state_of(to_john.id) == "sent"


async def rolled_up(desk: StoreHarness, tickets: int = 7) -> tuple[Batch, list[int]]:
    """Shut the gate with five sends, let `tickets` notices wait, give the roll-up."""
    for number in range(5):
        await desk.post(event(ticket=f"old-{number}"))
    for batch in desk.taker.batches:
        await desk.settle(batch, OutcomeKind.SENT)
    desk.taker.batches.clear()
    waiting = [
        (await desk.post(event(ticket=f"new-{number}"))).deliveries[0].id
        for number in range(tickets)
    ]
    assert desk.taker.batches == []
    await desk.advance(MINUTE)
    (batch,) = desk.taker.batches
    desk.taker.batches.clear()
    return batch, waiting


async def test_what_waited_behind_a_shut_gate_leaves_as_one_roll_up(desk: StoreHarness) -> None:
    batch, waiting = await rolled_up(desk)
    assert [member.delivery_id for member in batch.members] == waiting
    await desk.settle(batch, OutcomeKind.SENT)
    details = [await desk.detail(number) for number in waiting]
    assert {detail.view.state for detail in details} == {State.SENT}
    assert {detail.view.batch_id for detail in details} == {batch.id}


async def test_a_refused_roll_up_that_lost_a_member_is_taken_apart(desk: StoreHarness) -> None:
    batch, waiting = await rolled_up(desk, 3)
    await desk.post(event(ticket="new-0", to=JANE, at=desk.clock.now()))
    await desk.settle(batch, Outcome(OutcomeKind.REFUSED, next_at=desk.clock.now() + HOUR))
    assert await desk.state_of(waiting[0]) == "cancelled: reassigned"
    left = next(one for one in desk.taker.batches if one.address == "john@example.com")
    assert left.id != batch.id
    assert [member.delivery_id for member in left.members] == waiting[1:]
    assert len((await desk.detail(waiting[1])).attempts) == 1


async def test_a_waiting_roll_up_that_loses_a_member_is_taken_apart(desk: StoreHarness) -> None:
    batch, waiting = await rolled_up(desk, 3)
    await desk.settle(batch, Outcome(OutcomeKind.REFUSED, next_at=desk.clock.now() + HOUR))
    await desk.post(event("closed", ticket="new-1", to=None, at=desk.clock.now()))
    assert await desk.state_of(waiting[1]) == "cancelled: ticket_closed"
    (left,) = desk.taker.batches
    assert left.id != batch.id
    assert [member.delivery_id for member in left.members] == [waiting[0], waiting[2]]


async def test_a_critical_delivery_passes_a_batch_that_only_waits(desk: StoreHarness) -> None:
    batch, waiting = await rolled_up(desk, 3)
    await desk.settle(batch, Outcome(OutcomeKind.REFUSED, next_at=desk.clock.now() + HOUR))
    await desk.advance(61 * SECOND)
    urgent = await desk.post(critical(event(ticket="new-1", version=2, at=desk.clock.now())))
    assert urgent.deliveries[0].state is State.SENDING
    detail = await desk.detail(waiting[1])
    assert (detail.view.state, detail.view.merged_into) == (State.MERGED, urgent.deliveries[0].id)
    await desk.store.claim()
    others = [one for one in desk.taker.batches if one.rank > 0]
    assert sorted(m.delivery_id for one in others for m in one.members) == [
        waiting[0],
        waiting[2],
    ]


async def test_an_unknown_mail_keeps_its_exact_bytes(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    first = desk.taker.batches.pop()
    soon = START + MINUTE
    await desk.settle(
        first, Outcome(OutcomeKind.UNKNOWN, next_at=soon, stored=b"From: exact bytes")
    )
    assert await desk.state_of(delivery.id) == "unknown"
    await desk.restart()
    await desk.advance(MINUTE)
    (again,) = desk.taker.batches
    assert (again.id, again.stored, again.was_unknown) == (first.id, b"From: exact bytes", True)


async def test_an_unknown_batch_stays_unknown_when_it_is_refused_later(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(
        desk.taker.batches.pop(),
        Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE, stored=b"bytes"),
    )
    await desk.advance(MINUTE)
    again = desk.taker.batches.pop()
    await desk.settle(again, Outcome(OutcomeKind.REFUSED, next_at=desk.clock.now() + SECOND))
    assert await desk.state_of(delivery.id) == "unknown"
    await desk.advance(SECOND)
    assert desk.taker.batches[0].stored == b"bytes"


async def test_an_unknown_batch_that_nobody_wants_is_not_sent_again(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event(to=JOHN, version=1))).deliveries
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE)
    )
    await desk.post(event("resolved", to=None, version=2))
    assert await desk.state_of(delivery.id) == "unknown"
    await desk.advance(MINUTE)
    assert await desk.state_of(delivery.id) == "cancelled: ticket_closed"
    assert desk.taker.batches == []


async def test_a_withdrawn_try_whose_outcome_is_unknown_is_cancelled(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event(to=JOHN, version=1))).deliveries
    await desk.post(event("closed", to=None, version=2))
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE)
    )
    assert await desk.state_of(delivery.id) == "cancelled: ticket_closed"


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


async def test_what_nobody_sent_expires_at_its_deadline(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (delivery,) = (await desk.post(event())).deliveries
    await desk.advance(DAY - 1)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "pending"
    await desk.advance(1)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "expired: expired"


async def test_a_refused_batch_expires_too(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.REFUSED, next_at=START + 2 * DAY)
    )
    await desk.advance(DAY)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "expired: expired"
    await desk.advance(DAY)
    assert desk.taker.batches == []


async def test_a_try_that_ends_after_the_deadline_expires(desk: StoreHarness) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.advance(DAY)
    await desk.settle(
        desk.taker.batches[0], Outcome(OutcomeKind.REFUSED, next_at=START + DAY + SECOND)
    )
    assert await desk.state_of(delivery.id) == "expired: expired"


async def test_a_mail_whose_outcome_stays_unknown_fails_at_its_deadline(
    desk: StoreHarness,
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.UNKNOWN, next_at=START + 2 * DAY)
    )
    await desk.advance(DAY)
    await desk.store.sweep()
    assert await desk.state_of(delivery.id) == "failed: outcome_unknown"


async def test_an_address_is_left_alone_after_three_hard_refusals(desk: StoreHarness) -> None:
    for number in range(3):
        await desk.post(event(ticket=str(number)))
    desk.places.left["email"] = -3
    waiting = await desk.post(event(ticket="waits"))
    for batch in list(desk.taker.batches):
        await desk.settle(
            batch,
            Outcome(OutcomeKind.FAILED, reason=Reason.BAD_MAILBOX, counts_against_address=True),
        )
    desk.places.left["email"] = 1
    await desk.store.claim()
    assert await desk.state_of(waiting.deliveries[0].id) == "suppressed: bad_mailbox"
    later = await desk.post(event(ticket="later"))
    assert await desk.state_of(later.deliveries[0].id) == "suppressed: bad_mailbox"


async def test_a_suppressed_lane_ends_its_waiting_batch_too(desk: StoreHarness) -> None:
    answers = [await desk.post(event(ticket=str(number))) for number in range(4)]
    first, *rest = list(desk.taker.batches)
    await desk.settle(first, Outcome(OutcomeKind.REFUSED, next_at=START + SECOND))
    for batch in rest:
        await desk.settle(
            batch,
            Outcome(OutcomeKind.FAILED, reason=Reason.BAD_MAILBOX, counts_against_address=True),
        )
    desk.taker.batches.clear()
    await desk.advance(SECOND)
    assert await desk.state_of(answers[0].deliveries[0].id) == "suppressed: bad_mailbox"
    assert desk.taker.batches == []


async def test_a_success_forgives_earlier_refusals(desk: StoreHarness) -> None:
    refused = Outcome(OutcomeKind.FAILED, reason=Reason.BAD_MAILBOX, counts_against_address=True)
    for number, kind in enumerate([True, True, False, True, True]):
        await desk.post(event(ticket=str(number)))
        batch = desk.taker.batches.pop()
        if kind:
            await desk.settle(batch, refused)
        else:
            await desk.settle(batch, OutcomeKind.SENT)
    answer = await desk.post(event(ticket="later"))
    assert answer.deliveries[0].state is State.SENDING


async def test_a_plan_may_move_what_waits(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    (delivery,) = (await desk.post(event())).deliveries
    later = START + HOUR

    def moves(memory: Memory, now: Instant) -> Plan:
        return Plan(memory.ticket or TicketState(), move=(Move(delivery.id, later),))

    await desk.post(event("updated"), planner=moves)
    desk.places.left["email"] = 1
    await desk.store.claim()
    assert desk.taker.batches == []
    await desk.advance(HOUR)
    assert len(desk.taker.batches) == 1


async def test_one_bad_plan_fails_alone(desk: StoreHarness) -> None:
    def broken(memory: Memory, now: Instant) -> Plan:
        raise ArithmeticError("a defect in planning")

    answers = await asyncio.gather(
        desk.post(event(ticket="1")),
        desk.post(event(ticket="2"), key="bad", planner=broken),
        desk.post(event(ticket="3")),
        return_exceptions=True,
    )
    assert isinstance(answers[1], ArithmeticError)
    listed = await desk.store.events(EventFilter(), ALL)
    assert sorted(found.event.ticket.id for found in listed.items) == ["1", "3"]
    mended = await desk.post(event(ticket="2"), key="bad")
    assert mended.status == "accepted"


async def test_too_many_calls_at_once_are_refused_and_keep_nothing(
    tmp_path: Path,
) -> None:
    for name in STORES:
        desk = StoreHarness(name, tmp_path, replace(OPTIONS, max_waiting=3))
        calls = [desk.post(event(ticket=str(number))) for number in range(5)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, StoreBusy)]
        assert len(refused) == 2
        assert len((await desk.store.events(EventFilter(), ALL)).items) == 3
        await desk.store.close()


async def test_waiting_for_work_ends_when_the_next_lane_is_due(desk: StoreHarness) -> None:
    await desk.post(event())
    await desk.settle(
        desk.taker.batches.pop(), Outcome(OutcomeKind.REFUSED, next_at=START + MINUTE)
    )
    waiting = asyncio.ensure_future(desk.store.wait_for_work())
    await desk.clock.advance_to(START + MINUTE - 1, desk.store.flush)
    assert not waiting.done()
    await desk.clock.advance_to(START + MINUTE, desk.store.flush)
    await waiting


async def test_waiting_for_work_passes_over_what_the_last_places_are_not_for(
    desk: StoreHarness,
) -> None:
    desk.places.left["email"] = 0
    desk.places.reserve = 1
    await desk.post(event(ticket="1"))
    await desk.store.flush()
    waiting = asyncio.ensure_future(desk.store.wait_for_work())
    await desk.clock.advance_to(START + SECOND, desk.store.flush)
    assert not waiting.done()
    desk.places.reserve = 0
    await desk.post(critical(event(ticket="2", to=JANE)))
    desk.places.reserve = 1
    desk.store.wake()
    await waiting
    await desk.store.claim()
    (batch,) = desk.taker.batches
    assert [member.ticket_number for member in batch.members] == ["2"]


async def test_history_is_listed_newest_first_and_no_row_twice(desk: StoreHarness) -> None:
    for number in range(5):
        await desk.post(event(ticket=str(number)))
    first = await desk.store.deliveries(DeliveryFilter(), Slice(2))
    await desk.post(event(ticket="new"))
    second = await desk.store.deliveries(DeliveryFilter(), Slice(2, first.next_before))
    third = await desk.store.deliveries(DeliveryFilter(), Slice(2, second.next_before))
    seen = [view.ticket_id for view in itertools.chain(first.items, second.items, third.items)]
    assert seen == ["4", "3", "2", "1", "0"]
    assert third.next_before is None


async def test_history_is_filtered(desk: StoreHarness) -> None:
    await desk.post(event(ticket="1"))
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    await desk.advance(HOUR)
    await desk.post(event(ticket="2", to=replace(JANE, phone="+14155550123")))
    await desk.post(event("polished", ticket="2"))

    async def tickets(wanted: DeliveryFilter) -> list[str]:
        page = await desk.store.deliveries(wanted, ALL)
        return sorted(view.ticket_id for view in page.items)

    assert await tickets(DeliveryFilter(states=(State.SENT, State.FAILED))) == ["1"]
    assert await tickets(DeliveryFilter(recipient="jane@example.com")) == ["2"]
    assert await tickets(DeliveryFilter(channel="sms")) == ["2"]
    assert await tickets(DeliveryFilter(ticket="2")) == ["2", "2"]
    assert await tickets(DeliveryFilter(source="default")) == ["1", "2", "2"]
    assert await tickets(DeliveryFilter(source="another")) == []
    assert await tickets(DeliveryFilter(since=START + HOUR)) == ["2", "2"]
    assert await tickets(DeliveryFilter(until=START + HOUR)) == ["1"]

    async def events(wanted: EventFilter) -> int:
        page = await desk.store.events(wanted, ALL)
        return len(page.items)

    assert await events(EventFilter(status="ignored")) == 1
    assert await events(EventFilter(type="ticket.assigned")) == 2
    assert await events(EventFilter(ticket="2")) == 2
    assert await events(EventFilter(source="default", since=START + HOUR)) == 2
    assert await events(EventFilter(until=START)) == 0


async def test_what_is_not_there_is_none(desk: StoreHarness) -> None:
    assert await desk.store.event(1) is None
    assert await desk.store.delivery(1) is None


async def test_health_tells_what_waits_since_when(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    await desk.post(event())
    health = await desk.store.health()
    assert (health.fault, health.oldest_pending) == (None, {"email": START})


async def test_retention_forgets_bodies_ids_and_history_each_in_its_time(
    desk: StoreHarness,
) -> None:
    first = await desk.post(event(), key="one")
    await desk.settle(desk.taker.batches[0], OutcomeKind.SENT)
    await desk.advance(31 * DAY)
    await desk.store.sweep()
    assert (await desk.post(event(), key="one")).status == "accepted"
    assert await desk.store.event(first.event_id) is not None
    await desk.advance(401 * DAY)
    await desk.store.sweep()
    assert await desk.store.event(first.event_id) is None
    assert (await desk.store.deliveries(DeliveryFilter(states=(State.SENT,)), ALL)).items == ()
