import asyncio
import logging

import pytest

from notifier.model.errors import (
    DeliveryError,
    Permanent,
)
from notifier.model.reasons import Reason
from notifier.model.times import HOUR, MINUTE, SECOND
from tests.scripted_channel import accept, hang, refuse
from tests.unit.dispatch.doubles import START, TTL, Scene, batch, said
from tests.unit.dispatch.trouble import (
    DOWN,
    HANDED_BACK,
    NO_MAILBOX,
    NO_REPLY,
    NOT_NOW,
    SENT,
    SIGN_IN_REFUSED,
    UNKNOWN,
    attempt,
)

# -- leaving -------------------------------------------------------------------------------------


async def test_an_idle_process_leaves_at_once() -> None:
    async with Scene() as scene:
        await scene.dispatcher.drain(20 * SECOND)
        assert scene.running is not None
        await scene.running
        assert scene.clock.now() == START
    assert scene.email.closed
    assert scene.sms.closed


async def test_a_process_that_leaves_takes_nothing_more() -> None:
    async with Scene() as scene:
        await scene.dispatcher.drain(20 * SECOND)
        await scene.offer(batch())
    assert scene.email.tried == []


async def test_a_send_that_ends_within_the_grace_is_settled_as_it_ended() -> None:
    async with Scene(email_places=1) as scene:
        scene.email.script(accept(takes=5 * SECOND))
        await scene.offer(batch(1), batch(2))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.rest()
        assert scene.store.kinds(2) == [HANDED_BACK], "what waits goes back at once"
        await scene.advance(5 * SECOND)
        assert leaving.done()
        assert scene.store.kinds(1) == [SENT]


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_a_send_that_hangs_after_the_last_byte_ends_as_unknown(channel: str) -> None:
    async with Scene() as scene:
        scene.email.usual = scene.sms.usual = hang("reply")
        await scene.offer(batch(channel=channel))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND - 1)
        assert scene.store.ended == []
        await scene.advance(1)
        assert leaving.done()
        settled = scene.store.last(1)
        assert settled.outcome.kind is UNKNOWN
        made = attempt(settled)
        assert (made.phase, made.ended_at) == (
            "dot" if channel == "email" else "response",
            START + 20 * SECOND,
        )
        assert made.digest is not None
        assert (settled.outcome.stored is not None) == (channel == "email")


async def test_a_mail_that_hangs_before_the_last_byte_goes_back_uncounted() -> None:
    async with Scene() as scene:
        scene.email.usual = hang("byte")
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND)
        assert leaving.done()
    settled = scene.store.last(1)
    assert (settled.outcome.kind, settled.attempt) == (HANDED_BACK, None)


async def test_an_announced_text_message_that_did_not_leave_goes_back_and_closes_its_row() -> None:
    async with Scene() as scene:
        scene.sms.usual = hang("byte")
        await scene.offer(batch(channel="sms"))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND)
        assert leaving.done()
    settled = scene.store.last(1)
    assert settled.outcome.kind is HANDED_BACK
    assert (attempt(settled).phase, attempt(settled).digest) == ("request", None)


async def test_leases_are_renewed_while_flights_land() -> None:
    async with Scene() as scene:
        scene.email.usual = hang()
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(25 * SECOND))
        await scene.advance(25 * SECOND)
        assert leaving.done()
    assert scene.store.renewals == [START + 10 * SECOND, START + 20 * SECOND]


@pytest.mark.parametrize("grace", [5 * SECOND, 20 * SECOND])
async def test_what_is_still_handed_over_while_the_process_leaves_goes_back(grace: int) -> None:
    async with Scene(email_places=1) as scene:
        scene.email.usual = hang()
        await scene.offer(batch(1))
        leaving = asyncio.create_task(scene.dispatcher.drain(grace))
        await scene.rest()
        scene.store.hand_over(batch(2))
        await scene.advance(grace)
        assert leaving.done()
        assert (scene.store.kinds(1), scene.store.kinds(2)) == ([UNKNOWN], [HANDED_BACK])


async def test_a_batch_that_a_place_just_got_goes_back_too() -> None:
    async with Scene(email_places=1) as scene:
        scene.store.hand_over(batch())
        await scene.dispatcher.drain(20 * SECOND)
        assert scene.email.tried == []
        assert scene.store.kinds(1) == [HANDED_BACK]


async def test_a_store_that_cannot_commit_does_not_keep_the_process() -> None:
    async with Scene() as scene:
        scene.store.well.clear()
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(22 * SECOND)
        assert leaving.done()
        assert scene.running is not None
        await scene.running


async def test_a_probe_under_way_ends_when_the_process_leaves() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        await scene.offer(batch())
        await scene.dispatcher.drain(20 * SECOND)
        await scene.advance(HOUR)
        assert scene.email.probed == []


async def test_a_process_that_never_ran_leaves_with_what_it_was_given() -> None:
    scene = Scene()
    scene.store.hand_over(batch())
    await scene.dispatcher.drain(20 * SECOND)
    await scene.dispatcher.run()
    assert scene.email.tried == []
    assert scene.store.kinds(1) == [HANDED_BACK]


async def test_a_crash_settles_nothing() -> None:
    async with Scene() as scene:
        scene.email.usual = hang()
        await scene.offer(batch())
    await scene.rest()
    assert scene.store.ended == []
    assert scene.email.running == 0


# -- the log -------------------------------------------------------------------------------------


async def test_a_sent_delivery_is_logged_with_its_ids(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        await scene.offer(batch())
    (record,) = caplog.records
    assert record.getMessage() == "delivery sent"
    known = record.__dict__
    assert (known["action"], known["batch"]) == ("delivery.sent", "bat_0000000000001")
    assert known["deliveries"] == ["dlv_0000000000001"]
    assert known["events"] == ["evt_0000000000001"]
    assert (known["recipient"], known["channel"]) == ("j•••@example.com", "email")


@pytest.mark.parametrize(
    ("error", "action", "message"),
    [
        (
            NOT_NOW,
            "delivery.refused",
            "[Email Error] to j•••@example.com: 451 4.7.1 <j•••@example.com> greylisted; "
            "next try at 2026-11-23T09:00:15.000Z",
        ),
        (
            NO_MAILBOX,
            "delivery.failed",
            "[Email Error] to j•••@example.com: 550 "
            "(The mail server says that this mailbox does not exist.)",
        ),
        (
            NO_REPLY,
            "delivery.unknown",
            "[Email Error] to j•••@example.com: "
            "The provider never said whether it took the message. "
            "(no answer; it may have arrived)",
        ),
        (
            DOWN,
            "delivery.handed_back",
            "[Email Error] to j•••@example.com: connection refused; "
            "next try at 2026-11-23T09:00:15.000Z",
        ),
    ],
)
async def test_a_failed_send_is_logged_without_its_address(
    error: DeliveryError, action: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Scene() as scene:
        scene.email.script(refuse(error))
        await scene.offer(batch())
    (record,) = caplog.records
    assert record.getMessage() == message
    assert record.__dict__["action"] == action
    ended = record.__dict__["reason"]
    assert (ended is not None) == (action == "delivery.failed"), "a reason is for what has ended"


async def test_a_text_message_is_logged_without_its_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said_so = said("response", 21211, "The 'To' number +1 (415) 555-0123\nis not valid")
    async with Scene() as scene:
        scene.sms.script(refuse(Permanent(Reason.BAD_ADDRESS, said_so)))
        await scene.offer(batch(channel="sms"))
    (record,) = caplog.records
    assert record.getMessage() == (
        "[SMS Error] to +1415•••0123: 21211 The 'To' number +1415•••0123 is not valid "
        "(The address is not valid, so nothing could be sent to it.)"
    )


async def test_a_channel_that_goes_down_and_comes_up_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        scene.email.probes.append(ZeroDivisionError())
        await scene.offer(batch())
        await scene.advance(31 * MINUTE)
    lines = [
        one.getMessage() for one in caplog.records if one.__dict__["action"].startswith("channel")
    ]
    assert lines == [
        "[Email Error] the channel is down: 535; asking again at 2026-11-23T09:15:00.000Z",
        "[Email Error] the channel is down: ZeroDivisionError; "
        "asking again at 2026-11-23T09:30:00.000Z",
        "[Email] the channel is up again",
    ]


async def test_what_was_given_up_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        slow = hang("byte")
        scene.email.script(slow)
        await scene.offer(batch(ttl=TTL))
        scene.store.hand_over(withdrawn=[1])
        slow.release.set()
        await scene.rest()
    assert caplog.records[0].getMessage() == "delivery handed back"
    assert {record.levelno for record in caplog.records} == {logging.INFO}
