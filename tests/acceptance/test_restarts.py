"""Stories of a process that dies in the middle: what it had accepted goes on as if it had not."""

from email import message_from_bytes
from pathlib import Path

import pytest

from notifier.model.times import MINUTE
from tests.acceptance.providers import LATER, NO_REPLY
from tests.acceptance.scenario import JANE, JOHN, MARY, Desk
from tests.scripted_channel import hang, refuse


@pytest.mark.fault("A2")
@pytest.mark.parametrize("point", ["byte", "reply"])
async def test_a_mail_in_flight_goes_again_at_once_as_itself(tmp_path: Path, point: str) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(hang(point))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:00:05")
        await desk.crashes()
        assert desk.mails()[-1] == "09:00:05 #1"
        assert len(desk.mails()) == (2 if point == "reply" else 1)
        first, again = [tried.message for tried in desk.email.tried]
        assert first == again
        assert await desk.outcomes("1") == ["interrupted", "sent"]
        assert await desk.states() == ["sent"]


async def test_a_mail_in_flight_keeps_its_identity_when_settings_changed_meanwhile(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(hang("reply"))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.crashes(FROM_NAME="Service Desk")
        first, again = [message_from_bytes(raw) for raw in desk.raw(JOHN)]
        for header in ("Message-ID", "Date", "To"):
            assert first[header] == again[header]
        assert first["From"] != again["From"]
    actions = [vars(record).get("action") for record in caplog.records]
    assert actions.count("batch.made_anew") == 1


async def test_what_was_accepted_while_mails_were_in_flight_is_not_lost(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.usual = hang("byte")
        crowd = [(str(number), JOHN if number % 2 else JANE) for number in range(1, 41)]
        await desk.all_at_once("assigned", crowd)
        desk.email.usual = desk.sms.usual
        await desk.crashes()
        await desk.at("09:05:00")
        assert await desk.states() == ["sent"] * 40


async def test_the_limiter_remembers(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 6):
            await desk.assigned(str(number), JOHN, at="09:00:00")
        await desk.assigned("6", JOHN, at="09:00:10")
        await desk.assigned("7", JOHN, at="09:00:11")
        await desk.at("09:00:20")
        await desk.crashes()
        await desk.assigned("8", JOHN, at="09:00:30")
        await desk.at("09:05:00")
        assert desk.mails()[5:] == ["09:01:00 #6 #7 #8"]


async def test_a_limit_that_was_raised_lets_go_of_what_waits(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1h") as desk:
        for number in ("1", "2", "3"):
            await desk.assigned(number, JOHN, at="09:00:00")
        await desk.at("09:01:00")
        await desk.crashes(RATE_LIMIT_EMAIL="5/1m")
        await desk.at("09:02:00")
        assert desk.mails() == ["09:00:00 #1", "09:01:00 #2 #3"]


async def test_a_limit_that_was_raised_lets_go_of_what_comes(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="2/1h") as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:01")
        await desk.crashes(RATE_LIMIT_EMAIL="5/1m")
        await desk.assigned("3", JOHN, at="09:02:00")
        assert desk.mails() == ["09:00:00 #1", "09:00:01 #2", "09:02:00 #3"]


async def test_a_limit_that_was_lowered_holds_at_once(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="2/1m") as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:01")
        await desk.assigned("3", JOHN, at="09:00:02")
        await desk.crashes(RATE_LIMIT_EMAIL="1/1h")
        await desk.at("09:59:00")
        assert desk.mails() == ["09:00:00 #1", "09:00:01 #2"]
        await desk.at("10:01:00")
        assert desk.mails()[2:] == ["10:00:01 #3"]


async def test_what_was_in_flight_counts_for_the_limit(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m") as desk:
        desk.email.script(hang("reply"))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:00:10")
        await desk.crashes()
        await desk.assigned("2", JOHN, at="09:00:11")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1", "09:01:10 #1", "09:02:10 #2"]


async def test_a_retry_keeps_its_time_and_its_attempts(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(LATER), refuse(LATER))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.crashes()
        await desk.at("09:00:20")
        await desk.crashes()
        await desk.at("09:05:00")
        assert desk.mails() == ["09:01:15 #1"]
        assert await desk.outcomes("1") == ["refused", "refused", "sent"]


async def test_a_mail_without_a_reply_keeps_its_bytes_under_new_settings_too(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(NO_REPLY))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.crashes(FROM_NAME="Service Desk")
        await desk.assigned("2", JOHN, at="09:00:30")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1", "09:00:30 #2", "09:01:00 #1"]
        first, other, again = desk.raw(JOHN)
        assert first == again
        assert b"Service Desk" in other


@pytest.mark.fault("A2")
@pytest.mark.parametrize("point", ["byte", "reply"])
async def test_a_text_message_that_was_begun_is_never_posted_again(
    tmp_path: Path, point: str
) -> None:
    async with Desk(tmp_path, SMS_TTL="10m") as desk:
        desk.sms.script(hang(point))
        await desk.assigned("1", MARY, at="09:00:00")
        await desk.crashes()
        assert await desk.states() == ["unknown"]
        await desk.at("09:11:00")
        assert len(desk.sms.tried) == 1
        assert await desk.states() == ["failed, outcome_unknown"]
        assert await desk.outcomes("1") == ["interrupted"]


async def test_text_messages_that_were_not_begun_leave_after_the_restart(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.sms.script(hang("byte"))
        await desk.assigned("1", MARY, at="09:00:00")
        await desk.assigned("2", MARY, at="09:00:01")
        await desk.at("09:00:05")
        await desk.crashes()
        await desk.at("09:03:00")
        assert desk.texts() == ["09:01:05 #2"]
        assert await desk.states() == ["unknown", "sent"]


async def test_a_withdrawal_of_what_was_in_flight_is_remembered(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(hang("byte"))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("1", JANE, at="09:00:05")
        await desk.crashes()
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:05 #1"]
        assert await desk.history() == [
            "John Smith by email: cancelled, reassigned",
            "Jane Doe by email: sent",
        ]


async def test_a_deadline_that_passed_while_nothing_ran_still_ends_it(tmp_path: Path) -> None:
    async with Desk(tmp_path, EMAIL_TTL="5m", RATE_LIMIT_EMAIL="1/1h") as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:01")
        await desk.is_down_for(10 * MINUTE)
        await desk.at("09:11:00")
        assert await desk.states() == ["sent", "expired, expired"]


@pytest.mark.fault("A1")
async def test_a_crash_at_every_step_tells_everybody_once(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 11):
            await desk.assigned(str(number), JOHN, at=f"09:00:{number:02d}")
            await desk.crashes()
        await desk.at("09:05:00")
        told = [line.split(maxsplit=1)[1] for line in desk.mails()]
        assert told == ["#1", "#2", "#3", "#4", "#5", "#6 #7 #8 #9 #10"]
