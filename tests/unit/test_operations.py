import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import apsw
import pytest

from notifier.model import ids
from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.errors import WrongShape
from notifier.model.messages import Email, Medium, Sms
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY
from notifier.operations import Operator
from notifier.planning import operator
from notifier.planning.policy import Policy
from notifier.rendering.renderer import Renderer
from notifier.store.views import EventFilter, Slice
from tests.store_harness import JOHN, POLICY, START, StoreHarness, event
from tests.unit.rendering.examples import STYLE

REJECTED = Outcome(OutcomeKind.FAILED, Reason.REJECTED)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[StoreHarness]:
    harness = StoreHarness("sqlite", tmp_path)
    yield harness
    await harness.store.close()


def asking(desk: StoreHarness, policy: Policy = POLICY) -> Operator:
    numbers = count(1)
    return Operator(desk.store, policy, desk.clock, lambda: f"{next(numbers)}")


def logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [one.__dict__ for one in caplog.records if one.name == "notifier.operations"]


# Test messages


async def test_a_test_message_belongs_to_whose_address_it_is(desk: StoreHarness) -> None:
    (told,) = (await desk.post(event(to=JOHN))).deliveries
    someone = asking(desk)
    tested = await someone.test("email", "john@example.com")
    stranger = await someone.test("email", "other@example.com")
    people = [(await desk.detail(one.id)).view.person_id for one in (told, tested, stranger)]
    assert people[0] == people[1] is not None
    assert people[2] is None


async def test_a_test_message_goes_the_way_of_every_notice(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        delivery = await asking(desk).test("email", " John@EXAMPLE.com ")
    (batch,) = desk.taker.batches
    detail = await desk.detail(delivery.id)
    assert (delivery.state, batch.address) == (State.SENDING, "John@example.com")
    assert (detail.event.type, detail.event.source) == ("test.message", "internal")
    assert (detail.view.why, detail.view.expires_at) == (operator.WHY, START + DAY)
    (line,) = logged(caplog)
    assert (line["action"], line["delivery"], line["state"]) == (
        "operator.test",
        ids.public("dlv", delivery.id),
        "sending",
    )
    assert "example.com" not in caplog.text


async def test_it_is_rendered_from_the_test_template(desk: StoreHarness) -> None:
    asked, renderer = asking(desk), Renderer(STYLE)
    await asked.test("email", "john@example.com")
    await asked.test("sms", "+1 415 555 0123")
    mail, text = (renderer.render(batch, Medium(batch.channel)) for batch in desk.taker.batches)
    assert isinstance(mail, Email)
    assert isinstance(text, Sms)
    assert mail.subject == "Test message from IT Help Desk System"
    assert text.body == "Test message from IT Help Desk System"


async def test_test_messages_count_for_the_limiter_and_leave_no_ticket_behind_them(
    desk: StoreHarness,
) -> None:
    asked = asking(desk)
    states = [(await asked.test("email", "john@example.com")).state for _ in range(6)]
    assert states == [State.SENDING] * 5 + [State.PENDING]
    notice = (await desk.post(event())).deliveries[0]
    assert notice.state is State.PENDING
    for batch in desk.taker.batches[:5]:
        await desk.settle(batch, OutcomeKind.SENT)
    desk.taker.batches.clear()
    await desk.advance(60_000)
    # The notice and the test wait together, but never travel in one message.
    assert [len(batch.members) for batch in desk.taker.batches] == [1, 1]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (replace(POLICY, enabled=frozenset({"email"})), Reason.CHANNEL_DISABLED),
        (replace(POLICY, configured=frozenset({"email"})), Reason.CHANNEL_NOT_CONFIGURED),
    ],
)
async def test_a_channel_that_is_off_suppresses_it_at_once(
    desk: StoreHarness, policy: Policy, reason: Reason
) -> None:
    delivery = await asking(desk, policy).test("sms", "+14155550123")
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, reason)
    assert desk.taker.batches == []


async def test_a_test_is_sent_whatever_priority_text_messages_need(desk: StoreHarness) -> None:
    urgent_only = replace(POLICY, sms_min_rank=0)
    delivery = await asking(desk, urgent_only).test("sms", "+14155550123")
    assert delivery.state is State.SENDING


def opt_out(folder: Path) -> None:
    rows = apsw.Connection(str(folder / "notifier.db"))
    # The writer may be at work.
    rows.set_busy_timeout(5000)
    rows.execute("INSERT INTO suppression VALUES ('sms', '', '+14155550123', 'opted_out', NULL)")
    rows.close()


async def test_who_opted_out_gets_no_test_and_no_operator_changes_that(
    desk: StoreHarness, tmp_path: Path
) -> None:
    opt_out(tmp_path)
    delivery = await asking(desk).test("sms", "+14155550123")
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, Reason.OPTED_OUT)
    done = await asking(desk).retry(delivery.id)
    assert done is not None
    assert done.refusal == Reason.OPTED_OUT.sentence


@pytest.mark.parametrize(
    ("channel", "to", "path", "message"),
    [
        ("fax", "john@example.com", "channel", "must be one of: email, sms"),
        ("email", "john", "to", "must be an email address"),
        ("email", "+14155550123", "to", "must be an email address"),
        ("email", "a@example.com\r\nBcc: b@example.com", "to", "must be an email address"),
        ("sms", "john@example.com", "to", "must be a telephone number"),
        ("sms", "(415) 555-0123", "to", "needs DEFAULT_REGION"),
    ],
)
async def test_a_wish_that_leads_nowhere_is_named_and_not_recorded(
    desk: StoreHarness, channel: str, to: str, path: str, message: str
) -> None:
    with pytest.raises(WrongShape) as caught:
        await asking(desk).test(channel, to)
    (fault,) = caught.value.faults
    assert fault.path == path
    assert message in fault.message
    assert (await desk.store.events(EventFilter(), Slice(1))).items == ()


# Retry and cancel


async def test_who_opted_out_is_not_reached_by_a_number_that_became_readable(
    desk: StoreHarness, tmp_path: Path
) -> None:
    opt_out(tmp_path)
    national = replace(JOHN, email=None, phone="(415) 555-0123")
    (delivery,) = (await desk.post(event(to=national))).deliveries
    await asking(desk, replace(POLICY, default_region="US")).retry(delivery.id)
    assert await desk.state_of(delivery.id) == "suppressed: opted_out"
    assert desk.taker.batches == []


async def test_what_an_operator_does_is_logged_once_each(
    desk: StoreHarness, caplog: pytest.LogCaptureFixture
) -> None:
    (delivery,) = (await desk.post(event())).deliveries
    await desk.settle(desk.taker.batches.pop(), REJECTED)
    asked = asking(desk)
    with caplog.at_level(logging.INFO):
        await asked.retry(delivery.id)
        await asked.retry(delivery.id)
        await asked.cancel(delivery.id)
        await asked.cancel(1)
    lines = [(line["action"], line["found"], line["granted"]) for line in logged(caplog)]
    assert lines == [
        ("operator.retry", State.FAILED, True),
        ("operator.retry", State.SENDING, False),
        ("operator.cancel", State.SENDING, True),
    ]
    assert all(line["delivery"] == ids.public("dlv", delivery.id) for line in logged(caplog))
