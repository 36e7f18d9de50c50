"""What every store promises of people: who was named once is known, and told as is known."""

import asyncio
from dataclasses import replace

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.events import Event, Party
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import MINUTE
from notifier.planning.policy import Policy
from notifier.store.base import Operated, Recorded
from tests.store_harness import ADMIN, JOHN, POLICY, START, StoreHarness, event

BOTH = replace(JOHN, phone="+14155550123")
BY_ID = Party(id="7")
BY_MAIL = Party(email="john@example.com")
HARD = Outcome(OutcomeKind.FAILED, Reason.BAD_MAILBOX, counts_against_address=True)


def told(answer: Recorded) -> list[tuple[str | None, str | None, str]]:
    return [(one.channel, one.recipient, one.state) for one in answer.deliveries]


def by(happened: Event, actor: Party) -> Event:
    return replace(happened, actor=actor)


async def test_who_was_named_with_an_address_is_told_when_named_by_id_alone(
    desk: StoreHarness,
) -> None:
    await desk.post(event(to=BOTH))
    answer = await desk.post(event(ticket="124", to=BY_ID))
    assert told(answer) == [
        ("email", "john@example.com", State.SENDING),
        ("sms", "+14155550123", State.PENDING),
    ]
    detail = await desk.detail(answer.deliveries[0].id)
    assert detail.view.person_name == "John Smith"
    assert detail.event.assignee == BY_ID, "what the help desk said is kept as it said it"


async def test_a_call_of_the_same_transaction_knows_it_too(desk: StoreHarness) -> None:
    calls = [desk.post(event(to=JOHN)), desk.post(event(ticket="124", to=BY_ID))]
    _, second = await asyncio.gather(*calls)
    assert [recipient for _, recipient, _ in told(second)] == ["john@example.com"]


async def test_a_newer_address_replaces_an_older_one(desk: StoreHarness) -> None:
    await desk.post(event(to=JOHN))
    await desk.post(event(ticket="124", to=replace(JOHN, email="new@example.com")))
    answer = await desk.post(event(ticket="125", to=BY_ID))
    assert [recipient for _, recipient, _ in told(answer)] == ["new@example.com"]
    # The old address leads to nobody any more, so that whoever has it next is somebody else.
    other = await desk.post(event(ticket="126", to=BY_MAIL))
    first, second = [(await desk.detail(one.deliveries[0].id)).view for one in (answer, other)]
    assert first.person_id != second.person_id


async def test_addresses_of_two_calls_of_one_transaction_do_not_meet_in_the_middle(
    desk: StoreHarness,
) -> None:
    moved = replace(JOHN, email="new@example.com")
    await desk.post(event(to=JOHN))
    await asyncio.gather(
        desk.post(event(ticket="124", to=moved)),
        desk.post(event(ticket="125", to=JOHN)),
        desk.post(event(ticket="126", to=moved)),
        desk.post(event(ticket="127", to=JOHN)),
    )
    answer = await desk.post(event(ticket="128", to=BY_ID))
    assert [recipient for _, recipient, _ in told(answer)] == ["john@example.com"]


async def test_an_address_that_is_suppressed_is_honoured_when_only_the_directory_knows_it(
    desk: StoreHarness,
) -> None:
    for ticket in range(3):
        await desk.post(event(ticket=f"{ticket}"))
        await desk.settle(desk.taker.batches.pop(), HARD)
    answer = await desk.post(event(ticket="124", to=BY_ID))
    assert [(one.recipient, one.state, one.reason) for one in answer.deliveries] == [
        ("john@example.com", State.SUPPRESSED, Reason.BAD_MAILBOX)
    ]


async def test_who_acts_under_one_name_and_is_assigned_under_another_is_not_told(
    desk: StoreHarness,
) -> None:
    await desk.post(event(to=JOHN))
    answer = await desk.post(by(event(ticket="124", to=BY_MAIL), BY_ID))
    assert [(one.state, one.reason) for one in answer.deliveries] == [
        (State.SUPPRESSED, Reason.OWN_ACTION)
    ]


async def test_one_person_named_in_two_ways_is_told_once(desk: StoreHarness) -> None:
    await desk.post(event(ticket="1", to=JOHN))
    await desk.post(event("created", to=BY_MAIL))
    (second,) = (await desk.post(event("assigned", to=BY_ID))).deliveries
    assert (second.state, second.reason) == (State.MERGED, Reason.SAME_SAVE)


async def test_the_same_address_is_the_same_person_at_every_source(desk: StoreHarness) -> None:
    there = replace(event(ticket="9", to=Party(id="X1", email="JOHN@example.com")), source="other")
    first = await desk.post(event())
    second = await desk.post(there)
    third = await desk.post(replace(there, ticket=event(ticket="10").ticket))
    views = [(await desk.detail(one.deliveries[0].id)).view for one in (first, second, third)]
    assert len({view.person_id for view in views}) == 1


async def test_two_ids_that_share_a_mailbox_stay_two_people(desk: StoreHarness) -> None:
    await desk.post(event(to=JOHN))
    jane = replace(JOHN, id="8", name="Jane Doe")
    answer = await desk.post(by(event(ticket="124", to=jane), JOHN))
    assert [one.state for one in answer.deliveries] == [State.SENDING]
    assert (await desk.detail(answer.deliveries[0].id)).view.person_name == "Jane Doe"
    named = await desk.post(event(ticket="125", to=Party(id="8")))
    assert [(one.recipient, one.person_name) for one in named.deliveries] == [
        ("john@example.com", "Jane Doe")
    ]


# -- nobody found, then found ----------------------------------------------------------------


async def unreachable(desk: StoreHarness) -> int:
    (delivery,) = (await desk.post(event(to=replace(BY_ID, name="John")))).deliveries
    assert (delivery.state, delivery.reason) == (State.FAILED, Reason.NO_ADDRESS)
    return delivery.id


async def test_nobody_found_is_said_with_the_id_that_was_named(desk: StoreHarness) -> None:
    number = await unreachable(desk)
    view = (await desk.detail(number)).view
    assert (view.named, view.person_name) == (("default", "7", None), "John")
    done = await desk.retry(number)
    assert done is not None
    assert done.found is State.FAILED
    assert str(done.refusal).startswith("The help desk default named only id 7 (John), and no ")


async def test_a_retry_looks_the_person_up_anew_and_tells_them_on_every_channel(
    desk: StoreHarness,
) -> None:
    number = await unreachable(desk)
    await desk.post(event("updated", ticket="200", to=BOTH))
    await desk.advance(MINUTE)
    assert await desk.retry(number) == Operated(State.FAILED, None)
    first = (await desk.detail(number)).view
    assert (first.state, first.channel, first.recipient, first.person_name) == (
        State.SENDING,
        "email",
        "john@example.com",
        "John",
    )
    found = await desk.store.event(first.event_id)
    assert found is not None
    assert [(one.channel, one.state, one.why, one.person_id) for one in found.deliveries] == [
        ("email", State.SENDING, first.why, first.person_id),
        ("sms", State.SENDING, first.why, first.person_id),
    ]
    assert {batch.channel for batch in desk.taker.batches} == {"email", "sms"}
    again = await desk.retry(number)
    assert again is not None
    assert "goes on by itself" in str(again.refusal)


async def test_a_channel_that_is_off_does_not_stop_the_other(desk: StoreHarness) -> None:
    number = await unreachable(desk)
    await desk.post(event("updated", ticket="200", to=BOTH))
    only_sms = replace_policy(enabled=frozenset({"sms"}))
    assert await desk.retry(number, only_sms) == Operated(State.FAILED, None)
    assert (await desk.detail(number)).view.channel == "sms"
    found = await desk.store.event((await desk.detail(number)).view.event_id)
    assert found is not None
    assert [(one.channel, one.reason) for one in found.deliveries] == [
        ("sms", None),
        ("email", Reason.CHANNEL_DISABLED),
    ]


async def test_with_every_channel_off_it_says_so_and_stays(desk: StoreHarness) -> None:
    number = await unreachable(desk)
    await desk.post(event("updated", ticket="200", to=JOHN))
    done = await desk.retry(number, replace_policy(enabled=frozenset()))
    assert done == Operated(State.FAILED, Reason.CHANNEL_DISABLED.sentence)
    assert await desk.state_of(number) == "failed: no_address"


async def test_a_retry_forgives_an_address_that_was_refused(desk: StoreHarness) -> None:
    number = await unreachable(desk)
    for ticket in range(3):
        await desk.post(event(ticket=f"{ticket}"))
        await desk.settle(desk.taker.batches.pop(), HARD)
    await desk.retry(number)
    assert await desk.state_of(number) == "sending"


async def test_what_its_person_did_themselves_may_be_told_on_request(desk: StoreHarness) -> None:
    (own,) = (await desk.post(by(event(to=ADMIN), ADMIN))).deliveries
    assert own.reason is Reason.OWN_ACTION
    done = await desk.retry(own.id)
    assert done is not None
    assert "named only id 1 (Administrator)" in str(done.refusal)
    assert (await desk.detail(own.id)).view.created_at == START


def replace_policy(enabled: frozenset[str]) -> Policy:
    return replace(POLICY, enabled=enabled)


async def test_colleagues_who_share_a_telephone_stay_two_people(desk: StoreHarness) -> None:
    line = "+14155550100"
    alice = Party(id="1", name="Alice", email="alice@example.com", phone=line)
    await desk.post(event(ticket="1", to=alice))
    bob = Party(name="Bob", email="bob@example.com", phone=line)
    answer = await desk.post(event(ticket="2", to=bob))
    assert {one.person_name for one in answer.deliveries} == {"Bob"}
    answer = await desk.post(event(ticket="3", to=Party(id="1")))
    found = [(one.person_name, one.recipient) for one in answer.deliveries]
    assert found == [("Alice", "alice@example.com"), ("Alice", line)]
