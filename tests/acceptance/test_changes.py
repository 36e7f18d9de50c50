"""Stories of tickets that change before their message left: only what still holds is told."""

from pathlib import Path

import pytest

from tests.acceptance.providers import LATER, NO_REPLY
from tests.acceptance.scenario import JANE, JOHN, Desk, with_phone
from tests.scripted_channel import hang, refuse

WAITING = {"RATE_LIMIT_EMAIL": "1/1m"}
"""The first message of a minute leaves; whatever comes after it waits."""

ENDS = [
    ("unassigned", "reassigned"),
    ("resolved", "ticket_closed"),
    ("closed", "ticket_closed"),
]


async def test_a_reassignment_withdraws_what_waits_and_tells_the_new_one(tmp_path: Path) -> None:
    async with Desk(tmp_path, **WAITING) as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:10")
        await desk.assigned("2", JANE, at="09:00:20")
        await desk.at("09:05:00")
        assert desk.mails(JOHN) == ["09:00:00 #1"]
        assert desk.mails(JANE) == ["09:00:20 #2"]
        assert await desk.history("2") == [
            "John Smith by email: cancelled, reassigned",
            "Jane Doe by email: sent",
        ]


@pytest.mark.parametrize(("kind", "reason"), ENDS)
async def test_a_ticket_that_is_taken_away_or_done_is_not_told_any_more(
    tmp_path: Path, kind: str, reason: str
) -> None:
    async with Desk(tmp_path, **WAITING) as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:10")
        await desk.happens(kind, "2", at="09:00:20")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1"]
        assert await desk.states("2") == [f"cancelled, {reason}"]


async def test_a_reassignment_reaches_what_waits_for_a_retry(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(LATER), to=JOHN.email)
        await desk.assigned("1", JOHN, at="09:00:00")
        assert await desk.outcomes("1") == ["refused"]
        await desk.assigned("1", JANE, at="09:00:05")
        await desk.at("09:20:00")
        assert desk.mails() == ["09:00:05 #1"]
        assert [tried.to for tried in desk.email.tried] == [JOHN.email, JANE.email]
        assert await desk.history() == [
            "John Smith by email: cancelled, reassigned",
            "Jane Doe by email: sent",
        ]


@pytest.mark.parametrize(("kind", "reason"), ENDS)
async def test_an_end_reaches_what_waits_for_a_retry(
    tmp_path: Path, kind: str, reason: str
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(LATER))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.happens(kind, "1", at="09:00:05")
        await desk.at("09:05:00")
        assert desk.mails() == []
        assert await desk.states() == [f"cancelled, {reason}"]


async def test_a_withdrawal_takes_its_ticket_out_of_a_roll_up_that_was_refused(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, **WAITING) as desk:
        for number in ("1", "2", "3", "4"):
            await desk.assigned(number, JOHN, at="09:00:00")
        desk.email.script(refuse(LATER))
        await desk.at("09:01:00")
        assert len(desk.email.tried) == 2
        await desk.happens("closed", "3", at="09:01:05")
        await desk.at("09:10:00")
        assert desk.mails()[1:] == ["09:01:05 #2 #4"]
        assert await desk.states("3") == ["cancelled, ticket_closed"]


async def test_what_was_taken_by_the_server_wins_over_a_reassignment(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        slow = hang("reply")
        desk.email.script(slow)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("1", JANE, at="09:00:05")
        slow.release.set()
        await desk.at("09:05:00")
        assert await desk.history() == [
            "John Smith by email: sent",
            "Jane Doe by email: sent",
        ]


async def test_what_is_reassigned_before_its_last_byte_does_not_leave(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        slow = hang("byte")
        desk.email.script(slow)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("1", JANE, at="09:00:05")
        slow.release.set()
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:05 #1"]
        assert await desk.history() == [
            "John Smith by email: cancelled, reassigned",
            "Jane Doe by email: sent",
        ]


async def test_a_mail_without_a_reply_is_not_repeated_once_its_ticket_is_closed(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(NO_REPLY))
        await desk.assigned("1", JOHN, at="09:00:00")
        assert await desk.states() == ["unknown"]
        await desk.happens("closed", "1", at="09:00:30")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1"]
        assert await desk.states() == ["cancelled, ticket_closed"]


@pytest.mark.fault("G2")
async def test_an_older_version_never_speaks_after_a_newer_one(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", JANE, version=7, at="09:00:00")
        await desk.assigned("1", JOHN, version=6, at="09:00:01")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:00 #1"]
        assert await desk.history() == [
            "Jane Doe by email: sent",
            "John Smith by email: cancelled, superseded",
        ]


async def test_without_a_version_the_time_tells_what_is_older(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", JANE, at="09:00:10")
        await desk.assigned("1", JOHN, happened="09:00:09", at="09:00:11")
        await desk.assigned("1", JOHN, happened="09:00:10", at="09:00:12")
        assert [line.partition(": ")[2] for line in await desk.history()] == [
            "sent",
            "cancelled, superseded",
            "sent",
        ], "what is equal is not older"


async def test_an_assignment_that_its_end_overtook_tells_nobody(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.happens("closed", "1", version=3, at="09:00:00")
        await desk.assigned("1", JOHN, version=2, at="09:00:01")
        await desk.assigned("1", JOHN, version=4, at="09:00:02")
        assert desk.mails() == ["09:00:02 #1"]
        assert await desk.states() == ["cancelled, superseded", "sent"]


@pytest.mark.parametrize("kinds", [("created", "assigned"), ("assigned", "created")])
async def test_one_save_is_one_message_on_each_channel(
    tmp_path: Path, kinds: tuple[str, str]
) -> None:
    both = with_phone(JOHN)
    async with Desk(tmp_path) as desk:
        await desk.happens(kinds[0], "1", both, version=1, at="09:00:00")
        await desk.happens(kinds[1], "1", both, version=1, at="09:03:00")
        assert desk.mails() == ["09:00:00 #1"]
        assert desk.texts() == ["09:00:00 #1"]
        assert await desk.states() == ["sent"] * 2 + ["merged, same_save"] * 2


async def test_one_save_is_told_by_time_where_there_is_no_version(tmp_path: Path) -> None:
    async with Desk(tmp_path, SAME_SAVE_WINDOW="30s") as desk:
        await desk.created("1", JOHN, at="09:00:00")
        await desk.assigned("1", JOHN, at="09:00:30")
        await desk.assigned("1", JOHN, at="09:00:31")
        assert desk.mails() == ["09:00:00 #1", "09:00:31 #1"]


async def test_one_save_merges_into_what_still_waits(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(refuse(LATER))
        await desk.created("1", JOHN, at="09:00:00")
        await desk.assigned("1", JOHN, at="09:00:05")
        await desk.at("09:05:00")
        assert desk.mails() == ["09:00:15 #1"]
        assert await desk.states() == ["sent", "merged, same_save"]


async def test_a_ticket_that_comes_back_is_told_again(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("1", JANE, at="09:00:10")
        await desk.assigned("1", JOHN, at="09:00:20")
        await desk.happens("unassigned", "1", at="09:00:30")
        await desk.assigned("1", JOHN, at="09:00:40")
        assert desk.mails(JOHN) == ["09:00:00 #1", "09:00:20 #1", "09:00:40 #1"]
        assert desk.mails(JANE) == ["09:00:10 #1"]


async def test_what_waits_is_told_with_its_last_state(tmp_path: Path) -> None:
    async with Desk(tmp_path, **WAITING) as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, priority="low", version=1, at="09:00:10")
        await desk.assigned("3", JOHN, priority="medium", at="09:00:11")
        await desk.assigned("2", JANE, version=2, at="09:00:12")
        await desk.assigned("2", JOHN, priority="high", version=3, at="09:00:13")
        await desk.at("09:05:00")
        assert desk.mails(JOHN)[1:] == ["09:01:00 #2 #3"], "high before medium"
