"""Stories of deadlines: everything ends, in a state that says why, a minute after them at most."""

from pathlib import Path

import pytest

from notifier.model.times import MINUTE
from tests.acceptance.providers import API_DOWN, LATER, NO_ANSWER, NO_CONNECTION, NO_REPLY
from tests.acceptance.scenario import JOHN, MARY, Desk, clock_time, instant, with_phone
from tests.scripted_channel import accept, hang, refuse


@pytest.mark.parametrize("trouble", [LATER, NO_CONNECTION])
async def test_a_mail_that_cannot_leave_in_time_expires(tmp_path: Path, trouble: Exception) -> None:
    async with Desk(tmp_path, EMAIL_TTL="10m") as desk:
        desk.email.usual = refuse(trouble)
        desk.email.probes.extend([NO_CONNECTION] * 20)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:09:59.999")
        assert await desk.states() == ["pending"]
        await desk.at("09:11:00")
        assert await desk.states() == ["expired, expired"]
        tried = len(desk.email.tried)
        desk.email.usual = accept()
        await desk.at("09:30:00")
        assert len(desk.email.tried) == tried


async def test_a_mail_that_the_limit_holds_back_for_too_long_expires(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/20m", EMAIL_TTL="5m") as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:10")
        await desk.at("09:06:10")
        assert await desk.states() == ["sent", "expired, expired"]
        await desk.at("09:25:00")
        assert desk.mails() == ["09:00:00 #1"]


async def test_a_mail_whose_reply_does_not_come_by_its_deadline_fails(tmp_path: Path) -> None:
    async with Desk(tmp_path, EMAIL_TTL="1m") as desk:
        desk.email.script(accept(before=50_000, takes=5 * MINUTE))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:01:20")
        assert await desk.states() == ["sending"]
        await desk.at("09:02:00")
        assert await desk.states() == ["failed, outcome_unknown"]
        assert await desk.outcomes("1") == ["unknown"]


@pytest.mark.parametrize("point", ["byte", "reply"])
async def test_a_mail_stuck_on_its_way_at_its_deadline_ends_too(tmp_path: Path, point: str) -> None:
    async with Desk(tmp_path, EMAIL_TTL="1m") as desk:
        desk.email.script(hang(point))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:02:00")
        ended = {"byte": "expired, expired", "reply": "failed, outcome_unknown"}
        assert await desk.states() == [ended[point]]


async def test_the_deadline_counts_from_acceptance_whatever_the_sender_says(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, EMAIL_TTL="5m") as desk:
        await desk.assigned("1", JOHN, happened="02:00:00", at="09:00:00")
        (told,) = await desk.deliveries()
        assert clock_time(told.expires_at) == "09:05:00"
        assert desk.mails() == ["09:00:00 #1"]


async def test_a_mail_before_its_last_byte_at_its_deadline_does_not_leave(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, EMAIL_TTL="5m") as desk:
        slow = hang("byte")
        desk.email.script(slow)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:05:00")
        slow.release.set()
        await desk.at("09:06:00")
        assert desk.mails() == []
        assert await desk.states() == ["expired, expired"]


async def test_a_text_message_that_cannot_leave_expires_after_an_hour(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.sms.usual = refuse(API_DOWN)
        desk.sms.probes.extend([API_DOWN] * 20)
        await desk.assigned("1", with_phone(JOHN), at="09:00:00")
        await desk.at("09:59:59.999")
        assert await desk.states() == ["sent", "pending"]
        await desk.at("10:01:00")
        assert await desk.states() == ["sent", "expired, expired"]
        assert desk.texts() == []


async def test_a_text_message_says_how_long_it_is_worth_delivering(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in ("1", "2"):
            await desk.assigned(number, MARY, at="09:00:00")
        await desk.at("09:02:00")
        assert [sent.valid_for for sent in desk.sms.log] == [3600, 3540]


@pytest.mark.fault("F2")
async def test_a_text_message_without_an_answer_is_never_posted_again(tmp_path: Path) -> None:
    async with Desk(tmp_path, SMS_TTL="20m") as desk:
        desk.sms.script(refuse(NO_ANSWER))
        await desk.assigned("1", MARY, at="09:00:00")
        await desk.at("09:19:59.999")
        assert await desk.states() == ["unknown"]
        await desk.at("09:21:00")
        assert await desk.states() == ["failed, outcome_unknown"]
        await desk.at("09:40:00")
        assert len(desk.sms.tried) == 1
        assert await desk.outcomes("1") == ["unknown"]


async def test_a_text_message_without_an_answer_counts_for_the_limit(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.sms.script(refuse(NO_ANSWER))
        await desk.assigned("1", MARY, at="09:00:00")
        await desk.assigned("2", MARY, at="09:00:10")
        await desk.at("09:02:00")
        assert desk.texts() == ["09:00:00 #1", "09:01:00 #2"]


@pytest.mark.fault("E12")
async def test_a_mail_without_a_reply_is_sent_once_more_with_the_same_bytes(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(NO_REPLY))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:00:59.999")
        assert await desk.states() == ["unknown"]
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1", "09:01:00 #1"]
        first, again = desk.raw(JOHN)
        assert first == again
        tries = await desk.attempts("1")
        assert [one.outcome for one in tries] == ["unknown", "sent"]
        assert tries[0].digest == tries[1].digest
        assert await desk.states() == ["sent"]


@pytest.mark.fault("E12")
async def test_a_mail_that_gets_no_reply_twice_is_not_sent_a_third_time(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = refuse(NO_REPLY)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:30:00")
        assert desk.mails() == ["09:00:00 #1", "09:01:00 #1"]
        assert await desk.states() == ["failed, outcome_unknown"]


async def test_a_roll_up_without_a_reply_is_repeated_as_it_was(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m") as desk:
        for number in ("1", "2", "3"):
            await desk.assigned(number, JOHN, at="09:00:00")
        desk.email.script(refuse(NO_REPLY))
        await desk.at("09:01:00")
        await desk.happens("closed", "2", at="09:01:10")
        await desk.at("09:05:00")
        assert desk.mails()[1:] == ["09:01:00 #2 #3", "09:02:00 #2 #3"]
        _, first, again = desk.raw(JOHN)
        assert first == again, "its bytes may be known to the reader"


async def test_a_story_ends_within_its_deadline_and_a_minute_on_both_channels(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, EMAIL_TTL="3m", SMS_TTL="2m") as desk:
        desk.email.usual = refuse(LATER)
        desk.sms.usual = refuse(API_DOWN)
        desk.sms.probes.extend([API_DOWN] * 20)
        for second in range(0, 60, 7):
            await desk.assigned(str(second), with_phone(JOHN), at=f"09:00:{second:02d}")
        await desk.at("09:05:00")
        for view in await desk.deliveries():
            assert view.finished_at is not None
            assert view.finished_at <= view.expires_at + 60_000
            assert view.finished_at >= instant("09:02:00")
