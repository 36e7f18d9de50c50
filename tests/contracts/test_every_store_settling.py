"""What every store promises: outcomes, withdrawals, deadlines, suppressions."""

import asyncio
from dataclasses import replace

import pytest

from notifier.model.deliveries import Attempt, Batch, Outcome, OutcomeKind, Settled
from notifier.model.events import Event
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, MINUTE, SECOND
from notifier.store.views import Slice
from tests.store_harness import (
    JANE,
    JOHN,
    START,
    StoreHarness,
    critical,
    event,
)

ALL = Slice(200)
PHONE = replace(JOHN, email=None, phone="+14155550123")


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
    assert (await desk.detail(delivery.id)).view.due_at == next_at
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


async def test_critical_deliveries_in_a_roll_up_pass_what_only_waits_too(
    desk: StoreHarness,
) -> None:
    (first,) = (await desk.post(event(ticket="X", version=1))).deliveries
    later = Outcome(OutcomeKind.REFUSED, next_at=START + 10 * MINUTE)
    await desk.settle(desk.taker.batches.pop(), later)
    await desk.advance(65 * SECOND)
    crowds = [(0, [event(ticket="100")]), (30 * SECOND, _crowd())]
    for pause, crowd in crowds:
        await desk.advance(pause)
        for happened in crowd:
            await desk.post(happened)
        while desk.taker.batches:
            await desk.settle(desk.taker.batches.pop(), OutcomeKind.SENT)
    for ticket in ("X", "Y"):
        await desk.post(critical(event(ticket=ticket, version=2)))
    assert desk.taker.batches == [], "normal tokens and the reserve are used up"
    await desk.advance(30 * SECOND)
    (rolled,) = desk.taker.batches
    assert [member.ticket_number for member in rolled.members] == ["X", "Y"]
    await desk.settle(rolled, OutcomeKind.SENT)
    assert await desk.state_of(first.id) == "merged: superseded"
    desk.taker.batches.clear()
    await desk.advance(10 * MINUTE)
    assert desk.taker.batches == [], "the ticket is told once"


def _crowd() -> list[Event]:
    """Take the normal tokens that are left, and the whole reserve."""
    ordinary = [event(ticket=str(number)) for number in range(101, 105)]
    return ordinary + [critical(event(ticket=str(number))) for number in range(200, 210)]


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


async def test_a_suppressed_lane_rests_a_mail_whose_outcome_is_unknown(desk: StoreHarness) -> None:
    (first,) = (await desk.post(event(ticket="0"))).deliveries
    unknown = Outcome(OutcomeKind.UNKNOWN, next_at=START + MINUTE, stored=b"raw")
    await desk.settle(desk.taker.batches.pop(), unknown)
    refused = Outcome(OutcomeKind.FAILED, Reason.BAD_MAILBOX, counts_against_address=True)
    for number in range(1, 4):
        await desk.post(event(ticket=str(number)))
        await desk.settle(desk.taker.batches.pop(), refused)
    await desk.advance(2 * MINUTE)
    assert desk.taker.batches == []
    waiting = asyncio.ensure_future(desk.store.wait_for_work())
    await desk.store.flush()
    await desk.store.flush()
    assert not waiting.done(), "nothing is due on the lane"
    waiting.cancel()
    await desk.advance(DAY)
    await desk.store.sweep()
    assert await desk.state_of(first.id) == "failed: outcome_unknown"


async def test_a_provider_that_gives_one_id_twice_stops_nothing(desk: StoreHarness) -> None:
    views = [
        (await desk.post(event(ticket=ticket, to=to))).deliveries[0]
        for ticket, to in (("1", PHONE), ("2", replace(PHONE, phone="+14155550124")))
    ]
    for number, batch in enumerate(desk.taker.batches):
        assert await desk.store.start(batch, f"nonce-{number}")
        await desk.settle(batch, OutcomeKind.SENT)
    assert [await desk.state_of(view.id) for view in views] == ["sent", "sent"]
    for view in views:
        (attempt,) = (await desk.detail(view.id)).attempts
        assert (attempt.outcome, attempt.reply) == ("sent", "ok"), "only the id is not kept twice"
    assert (await desk.store.health()).fault is None


async def test_evidence_that_cannot_be_written_does_not_stop_the_settle(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    batch = desk.taker.batches.pop()
    now = desk.clock.now()
    receipt = Receipt(code=2**70)
    attempt = Attempt(now, now, "dot", "nonce", receipt, None)
    await desk.store.settle(Settled(batch.id, batch.fence, Outcome(OutcomeKind.SENT), attempt))
    assert await desk.state_of(delivery.id) == "sent"
    assert "the store could not do its work" in caplog.text
    await desk.post(event(ticket="2"))
    assert len(desk.taker.batches) == 1, "others go on"


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
