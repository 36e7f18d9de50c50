"""Stories of who is told: the assignee, wherever they can be reached, and nobody else."""

from dataclasses import replace
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

import pytest

from notifier.model.events import Party
from tests.acceptance.providers import NO_MAILBOX
from tests.acceptance.scenario import JANE, JOHN, MARY, Desk, with_phone
from tests.scripted_channel import accept, refuse


async def test_the_assignee_is_told_at_once_on_every_channel(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("123", with_phone(JOHN), priority="high", at="09:00:00")
        assert desk.mails() == ["09:00:00 #123"]
        assert desk.texts() == ["09:00:00 #123"]
        assert await desk.history() == ["John Smith by email: sent", "John Smith by sms: sent"]


async def test_a_new_ticket_tells_its_assignee_if_there_is_one(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.created("124", JOHN)
        await desk.created("125", None)
        assert desk.subjects(JOHN) == ["New Support Request: #124 - Printer Not Working"]
        assert await desk.notes() == [None, "no_assignee"]
        assert await desk.history() == ["John Smith by email: sent"]


@pytest.mark.parametrize("by", [JOHN, Party(name="John", email="John@Example.com")])
async def test_nobody_is_told_of_their_own_action(tmp_path: Path, by: Party) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", with_phone(JOHN), by=by)
        assert (desk.mails(), desk.texts()) == ([], [])
        assert await desk.states() == ["suppressed, own_action"] * 2


async def test_whoever_wants_it_is_told_of_their_own_action(tmp_path: Path) -> None:
    async with Desk(tmp_path, NOTIFY_SELF="true") as desk:
        await desk.assigned("1", JOHN, by=JOHN)
        assert await desk.states() == ["sent"]


async def test_a_reassignment_of_ones_own_still_withdraws_from_the_other(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m") as desk:
        await desk.assigned("1", JOHN)
        await desk.assigned("2", JOHN)
        await desk.assigned("2", JANE, by=JANE)
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1"]
        assert await desk.history("2") == [
            "John Smith by email: cancelled, reassigned",
            "Jane Doe by email: suppressed, own_action",
        ]


async def test_a_person_without_an_address_leaves_one_failure(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", Party(id="5", name="Jane Doe"))
        assert await desk.history() == ["Jane Doe: failed, no_address"]


async def test_a_bad_address_fails_and_the_good_one_is_used(tmp_path: Path) -> None:
    wrong = Party(id="5", name="Jane Doe", email="jane at example", phone="+14155550123")
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", wrong)
        assert await desk.history() == [
            "Jane Doe by email: failed, bad_address",
            "Jane Doe by sms: sent",
        ]
        assert (await desk.deliveries())[0].recipient == "jane at example"


async def test_a_national_number_needs_a_region(tmp_path: Path) -> None:
    national = with_phone(JANE, "(415) 555-0123")
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", national)
        assert await desk.states() == ["sent", "failed, bad_address"]


async def test_with_a_region_a_national_number_is_the_same_as_the_whole_one(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, DEFAULT_REGION="US") as desk:
        await desk.assigned("1", with_phone(JANE, "(415) 555-0123"))
        await desk.assigned("2", with_phone(JANE))
        await desk.at("09:05:00")
        assert desk.texts(MARY) == ["09:00:00 #1", "09:01:00 #2"], "one limit for one number"


async def test_a_ticket_below_the_priority_for_text_messages_is_told_by_mail_only(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, SMS_MIN_PRIORITY="high") as desk:
        await desk.assigned("1", with_phone(JOHN), priority="medium")
        await desk.assigned("2", with_phone(JOHN), priority="high")
        assert await desk.states("1") == ["sent", "suppressed, below_sms_priority"]
        assert await desk.states("2") == ["sent", "sent"]


NO_TWILIO = dict.fromkeys(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"), "")


@pytest.mark.parametrize(
    ("given", "reason"),
    [({"ENABLE_SMS": "false"}, "channel_disabled"), (NO_TWILIO, "channel_not_configured")],
)
async def test_a_channel_that_is_off_or_has_no_credentials_says_so(
    tmp_path: Path, given: dict[str, str], reason: str
) -> None:
    async with Desk(tmp_path, **given) as desk:
        await desk.assigned("1", with_phone(JOHN))
        assert await desk.states() == ["sent", f"suppressed, {reason}"]


@pytest.mark.fault("E8")
async def test_after_three_hard_refusals_a_mailbox_is_not_written_to(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(*[refuse(NO_MAILBOX)] * 3, accept(), to=JOHN.email)
        for number in range(1, 5):
            await desk.assigned(str(number), JOHN, at=f"09:00:0{number}")
        await desk.assigned("5", JANE)
        assert await desk.states() == [
            *["failed, bad_mailbox"] * 3,
            "suppressed, bad_mailbox",
            "sent",
        ]
        assert desk.mails(JOHN) == []


@pytest.mark.fault("G12")
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\0"], ids=ascii)
async def test_an_address_that_would_add_a_header_is_a_bad_one(tmp_path: Path, end: str) -> None:
    bcc = f"{end}Bcc: jane@example.com"
    forged = Party(id="7", name=f"John{bcc}", email=f"{JOHN.email}{bcc}")
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", forged)
        await desk.assigned("2", replace(forged, email=JOHN.email))
        assert await desk.states() == ["failed, bad_address", "sent"]
        (mail,) = [message_from_bytes(raw) for raw in desk.raw(JOHN)]
        assert mail["Bcc"] is None
        assert parseaddr(mail["To"])[1] == JOHN.email
