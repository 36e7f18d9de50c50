"""Stories of providers that are slow, gone, or say no: nobody else waits for them."""

from pathlib import Path

import pytest

from notifier.model.times import MINUTE, SECOND
from tests.acceptance.providers import (
    API_DOWN,
    GREYLISTED,
    LATER,
    NO_CONNECTION,
    NO_MAILBOX,
    SIGN_IN_REFUSED,
    SPAM,
)
from tests.acceptance.scenario import JANE, JOHN, MARY, Desk, clock_time, person
from tests.scripted_channel import accept, hang, refuse

CROWD = [(str(number), person(number)) for number in range(1, 10_001)]


def seconds_of(desk: Desk) -> list[str]:
    return [clock_time(at) for at in desk.email.probed]


async def test_behind_a_hung_mail_server_and_ten_thousand_mails_an_sms_leaves_at_once(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = hang("byte")
        await desk.all_at_once("assigned", CROWD)
        await desk.assigned("20000", MARY, at="09:00:01")
        await desk.at("09:00:02")
        assert desk.texts() == ["09:00:01 #20000"]
        assert desk.mails() == []
        waiting = await desk.house.store.health()
        assert waiting.oldest_pending.keys() == {"email"}


async def test_a_critical_mail_has_a_place_of_its_own_beside_ten_slow_ones(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = accept(takes=MINUTE)
        await desk.all_at_once("assigned", CROWD[:10])
        await desk.assigned("99", JANE, priority="critical", at="09:00:01")
        assert desk.mails(JANE) == ["09:00:01 #99"]


async def test_a_slow_reply_delays_only_its_own_connection(tmp_path: Path) -> None:
    async with Desk(tmp_path, SMTP_MAX_CONNECTIONS="3") as desk:
        desk.email.usual = accept(takes=SECOND)
        desk.email.script(accept(takes=5 * MINUTE), to=JOHN.email)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.all_at_once("assigned", CROWD[:20])
        await desk.at("09:00:20")
        assert [line.split()[0] for line in desk.mails()] == [
            "09:00:00",
            *(f"09:00:{second:02d}" for second in range(20)),
        ]
        assert await desk.states("1") == ["sending", "sent"]
        await desk.at("09:05:00")
        assert await desk.states() == ["sent"] * 21


async def test_twenty_bad_mailboxes_in_a_row_leave_everybody_else_their_mail(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(*[refuse(NO_MAILBOX)] * 20)
        await desk.all_at_once("assigned", CROWD[:20])
        assert await desk.states() == ["failed, bad_mailbox"] * 20
        assert desk.house.dispatcher.down() == ()
        await desk.assigned("99", JOHN, at="09:00:01")
        assert desk.mails() == ["09:00:01 #99"]


@pytest.mark.parametrize("error", [SPAM, LATER, GREYLISTED])
async def test_what_a_server_says_of_a_message_never_closes_the_channel(
    tmp_path: Path, error: Exception
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(*[refuse(error)] * 20)
        await desk.all_at_once("assigned", CROWD[:20])
        assert desk.house.dispatcher.down() == ()


@pytest.mark.fault("E1")
async def test_five_refused_connections_stop_the_mail_until_a_probe_succeeds(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = refuse(NO_CONNECTION)
        await desk.all_at_once("assigned", CROWD[:40])
        tried = len(desk.email.tried)
        assert 5 <= tried < 5 + desk.email.about.places
        (sentence,) = desk.house.dispatcher.down()
        assert sentence.startswith("Email is down since 2026-11-23T09:00:00.000Z")
        await desk.at("09:00:29.999")
        assert (len(desk.email.tried), desk.email.probed) == (tried, [])
        desk.email.usual = accept()
        await desk.at("09:00:30")
        assert seconds_of(desk) == ["09:00:30"]
        assert desk.house.dispatcher.down() == ()
        assert [line.split()[0] for line in desk.mails()] == ["09:00:30"] * 40
        assert await desk.states() == ["sent"] * 40


async def test_a_probe_that_fails_is_repeated_ever_more_rarely(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = refuse(NO_CONNECTION)
        desk.email.probes.extend([NO_CONNECTION] * 3)
        await desk.all_at_once("assigned", CROWD[:5])
        await desk.at("09:07:00")
        desk.email.usual = accept()
        await desk.at("09:07:30")
        assert seconds_of(desk) == ["09:00:30", "09:01:30", "09:03:30", "09:07:30"]
        assert len(desk.mails()) == 5


@pytest.mark.fault("E18")
async def test_a_refused_sign_in_stops_the_mail_at_once_for_fifteen_minutes(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(SIGN_IN_REFUSED))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JANE, at="09:00:01")
        await desk.at("09:14:59.999")
        assert (len(desk.email.tried), desk.email.probed) == (1, [])
        await desk.at("09:15:00")
        assert seconds_of(desk) == ["09:15:00"]
        assert sorted(desk.mails()) == ["09:15:00 #1", "09:15:00 #2"]


async def test_while_text_messages_cannot_leave_the_mails_do(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.sms.usual = refuse(API_DOWN)
        for number in range(1, 7):
            await desk.assigned(str(number), MARY)
        await desk.assigned("9", JOHN, at="09:00:40")
        assert desk.mails() == ["09:00:40 #9"]
        assert desk.texts() == []


@pytest.mark.fault("E6")
async def test_greylisting_is_waited_out_for_at_least_a_minute(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.jitter = 0.0
        desk.email.script(refuse(GREYLISTED))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:00:59.999")
        assert len(desk.email.tried) == 1
        await desk.at("09:01:00")
        assert desk.mails() == ["09:01:00 #1"]
        assert await desk.outcomes("1") == ["refused", "sent"]


async def test_a_mail_that_is_refused_for_now_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(*[refuse(LATER)] * 5)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:52:00")
        assert [clock_time(tried.at) for tried in desk.email.tried] == [
            "09:00:00",
            "09:00:15",
            "09:01:15",
            "09:06:15",
            "09:21:15",
            "09:51:15",
        ]
        assert {tried.message for tried in desk.email.tried} == {desk.email.log[0].message}
