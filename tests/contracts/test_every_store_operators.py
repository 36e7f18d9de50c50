"""What every store promises to operators: what ended may go again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.errors import StoreBusy
from notifier.model.events import Event, Party
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, MINUTE
from notifier.planning.policy import Policy
from notifier.store.base import Operated
from tests.store_harness import (
    JOHN,
    OPTIONS,
    POLICY,
    START,
    STORES,
    StoreHarness,
    critical,
    event,
)

REJECTED = Outcome(OutcomeKind.FAILED, Reason.REJECTED)
PHONE = replace(JOHN, email=None, phone="+14155550123")
LATER = Outcome(OutcomeKind.REFUSED, next_at=START + MINUTE)


async def born(desk: StoreHarness, happened: Event | None = None) -> int:
    (delivery,) = (await desk.post(happened or event())).deliveries
    return delivery.id


async def failed(desk: StoreHarness) -> int:
    number = await born(desk)
    await desk.settle(desk.taker.batches.pop(), REJECTED)
    return number


async def test_what_failed_goes_again_at_once_with_its_attempts_and_a_new_deadline(
    desk: StoreHarness,
) -> None:
    number = await failed(desk)
    before = await desk.detail(number)
    await desk.advance(HOUR)
    assert await desk.retry(number) == Operated(State.FAILED, None)
    (batch,) = desk.taker.batches
    after = await desk.detail(number)
    assert [member.delivery_id for member in batch.members] == [number]
    assert (after.view.state, after.view.reason, after.view.finished_at) == (
        State.SENDING,
        None,
        None,
    )
    assert after.view.expires_at == START + HOUR + DAY
    assert (after.view.batch_id, batch.id) == (batch.id, after.view.batch_id)
    assert batch.id != before.view.batch_id
    assert after.attempts == before.attempts
    await desk.settle(batch, OutcomeKind.SENT)
    kept = (await desk.detail(number)).attempts
    assert [attempt.outcome for attempt in kept] == ["failed", "sent"]


async def test_every_attempt_is_kept_however_often_it_is_retried(desk: StoreHarness) -> None:
    number = await failed(desk)
    for _ in range(3):
        await desk.advance(MINUTE)
        await desk.retry(number)
        await desk.settle(desk.taker.batches.pop(), REJECTED)
    assert len((await desk.detail(number)).attempts) == 4


async def test_a_retry_waits_for_the_limiter_like_anything_else(desk: StoreHarness) -> None:
    number = await failed(desk)
    for ticket in range(5):
        await desk.post(event(ticket=f"{ticket}", version=1))
        await desk.settle(desk.taker.batches.pop(), OutcomeKind.SENT)
    await desk.retry(number)
    assert await desk.state_of(number) == "pending"
    assert desk.taker.batches == []
    await desk.advance(MINUTE)
    assert await desk.state_of(number) == "sending"


async def test_what_expired_goes_again(desk: StoreHarness) -> None:
    desk.places.left["email"] = 0
    number = await born(desk)
    await desk.advance(DAY)
    await desk.store.sweep()
    assert await desk.state_of(number) == "expired: expired"
    desk.places.left["email"] = 1
    await desk.retry(number)
    assert await desk.state_of(number) == "sending"


async def test_what_was_cancelled_while_it_was_sent_goes_again_without_its_mark(
    desk: StoreHarness,
) -> None:
    number = await born(desk, event(version=1))
    await desk.post(event("unassigned", to=None, version=2))
    await desk.settle(desk.taker.batches.pop(), LATER)
    assert await desk.state_of(number) == "cancelled: reassigned"
    await desk.retry(number)
    await desk.settle(desk.taker.batches.pop(), LATER)
    assert await desk.state_of(number) == "pending"


async def test_what_was_never_in_a_lane_gets_one(desk: StoreHarness) -> None:
    number = await born(desk, replace(event(), actor=JOHN))
    assert await desk.state_of(number) == "suppressed: own_action"
    await desk.retry(number)
    (batch,) = desk.taker.batches
    assert batch.address == "john@example.com"
    assert (await desk.detail(number)).attempts == ()


async def test_a_retry_lifts_the_suppression_of_its_address(desk: StoreHarness) -> None:
    refused = replace(REJECTED, reason=Reason.BAD_MAILBOX, counts_against_address=True)
    for ticket in ("1", "2", "3"):
        await desk.post(event(ticket=ticket, version=1))
        await desk.settle(desk.taker.batches.pop(), refused)
    number = await born(desk, event(ticket="4", version=1))
    assert await desk.state_of(number) == "suppressed: bad_mailbox"
    await desk.retry(number)
    # Counting starts anew: one more refusal does not suppress the address again.
    await desk.settle(desk.taker.batches.pop(), refused)
    await born(desk, event(ticket="5", version=1))
    assert len(desk.taker.batches) == 1


async def test_a_retry_with_no_place_free_waits_in_the_store(desk: StoreHarness) -> None:
    number = await failed(desk)
    desk.places.left["email"] = 0
    await desk.retry(number)
    assert await desk.state_of(number) == "pending"
    assert (await desk.store.health()).oldest_pending == {"email": desk.clock.now()}
    desk.places.left["email"] = 1
    await desk.store.claim()
    assert await desk.state_of(number) == "sending"


async def test_what_is_retried_waits_since_then(desk: StoreHarness) -> None:
    number = await failed(desk)
    await desk.advance(HOUR)
    desk.places.left["email"] = 0
    await desk.retry(number)
    assert (await desk.store.health()).oldest_pending == {"email": START + HOUR}


async def test_of_two_retries_at_once_one_counts(desk: StoreHarness) -> None:
    number = await failed(desk)
    done = await asyncio.gather(desk.retry(number), desk.retry(number))
    assert [one.refusal is None for one in done if one] == [True, False]
    assert done[1] is not None
    assert done[1].found in {State.PENDING, State.SENDING}
    assert len(desk.taker.batches) == 1


async def test_a_retry_and_an_event_at_once_leave_no_two_batches_of_a_ticket(
    desk: StoreHarness,
) -> None:
    number = await failed(desk)
    await desk.advance(2 * MINUTE)
    _, _, posted = await asyncio.gather(
        desk.retry(number), desk.store.claim(), desk.post(event("created"))
    )
    # The retried one speaks again, so what follows in its turn waits for the same ticket.
    assert len(desk.taker.batches) == 1
    states = {number: await desk.state_of(number)}
    states |= {one.id: await desk.state_of(one.id) for one in posted.deliveries}
    assert sorted(states.values()) == ["pending", "sending"]


async def test_what_is_retried_does_not_speak_for_what_came_after_it(desk: StoreHarness) -> None:
    number = await born(desk, critical(event(version=1)))
    await desk.settle(desk.taker.batches.pop(), REJECTED)
    newer = await born(desk, critical(event("created", version=2)))
    (batch,) = desk.taker.batches
    desk.taker.batches.clear()
    await desk.settle(batch, LATER)
    await desk.retry(number)
    # A critical one passes what waits for another try; an older one must not.
    assert await desk.state_of(newer) == "pending"
    assert await desk.state_of(number) == "pending"
    await desk.advance(MINUTE)
    (again,) = desk.taker.batches
    assert [member.delivery_id for member in again.members] == [newer]
    await desk.settle(desk.taker.batches.pop(), OutcomeKind.SENT)
    assert await desk.state_of(number) == "sending"


@pytest.mark.parametrize("ending", ["sending", "sent", "pending", "unknown"])
async def test_what_has_not_ended_badly_is_not_sent_again(desk: StoreHarness, ending: str) -> None:
    number = await born(desk)
    if ending != "sending":
        kind = OutcomeKind.REFUSED if ending == "pending" else OutcomeKind(ending)
        await desk.settle(desk.taker.batches.pop(), Outcome(kind, next_at=START + HOUR))
    desk.taker.batches.clear()
    done = await desk.retry(number)
    assert done is not None
    assert done.found == ending
    assert done.refusal
    assert await desk.state_of(number) == ending
    assert desk.taker.batches == []


async def test_what_another_delivery_told_is_not_sent_again(desk: StoreHarness) -> None:
    await desk.post(event(version=1))
    number = await born(desk, event("created", version=1))
    done = await desk.retry(number)
    assert done is not None
    assert (done.found, "merged_into" in str(done.refusal)) == (State.MERGED, True)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (Party(id="7", name="John Smith"), "named only id 7 (John Smith)"),
        (Party(id="7", email="not an address"), "not valid"),
    ],
)
async def test_what_could_never_leave_says_so_and_stays(
    desk: StoreHarness, person: Party, said: str
) -> None:
    number = await born(desk, event(to=person))
    before = await desk.detail(number)
    done = await desk.retry(number)
    assert done is not None
    assert said in str(done.refusal)
    assert await desk.detail(number) == before


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (replace(POLICY, enabled=frozenset({"sms"})), "switched off"),
        (replace(POLICY, configured=frozenset({"sms"})), "no credentials"),
    ],
)
async def test_a_channel_that_is_off_is_a_reason_not_to(
    desk: StoreHarness, policy: Policy, said: str
) -> None:
    number = await failed(desk)
    done = await desk.retry(number, policy)
    assert done is not None
    assert said in str(done.refusal)
    assert await desk.state_of(number) == "failed: rejected"


async def test_a_number_that_became_readable_is_written_to(desk: StoreHarness) -> None:
    number = await born(desk, event(to=replace(PHONE, phone="(415) 555-0123")))
    assert await desk.state_of(number) == "failed: bad_address"
    await desk.retry(number, replace(POLICY, default_region="US"))
    (batch,) = desk.taker.batches
    assert batch.address == "+14155550123"
    assert (await desk.detail(number)).view.recipient == "+14155550123"


async def test_an_id_that_leads_to_nothing_is_none(desk: StoreHarness) -> None:
    assert await desk.retry(1) is None
    assert await desk.store.cancel(1) is None


async def test_a_retry_outlives_the_process(desk: StoreHarness) -> None:
    desk.places.left["email"] = 1
    number = await failed(desk)
    desk.places.left["email"] = 0
    await desk.retry(number)
    await desk.restart()
    await desk.store.claim()
    assert await desk.state_of(number) == "sending"
    assert len((await desk.detail(number)).attempts) == 1


@pytest.mark.parametrize("name", STORES)
async def test_operators_wait_in_the_same_bounded_line(name: str, tmp_path: Path) -> None:
    desk = StoreHarness(name, tmp_path, replace(OPTIONS, max_waiting=1))
    number = await failed(desk)
    done = await asyncio.gather(
        desk.retry(number), desk.store.cancel(number), return_exceptions=True
    )
    assert done[0] == Operated(State.FAILED, None)
    assert isinstance(done[1], StoreBusy)
    await desk.store.close()
