"""Stories of the limiter: nobody is flooded, nothing is lost, nothing waits longer than it must."""

from collections import Counter
from pathlib import Path

from tests.acceptance.providers import LATER
from tests.acceptance.scenario import JANE, JOHN, MARY, Desk, with_phone
from tests.scripted_channel import refuse


async def test_seven_assignments_in_a_minute_are_five_mails_and_one_roll_up(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="5/1m") as desk:
        for number in range(1, 8):
            await desk.assigned(str(number), JOHN, at=f"09:00:0{number}")
        at_once = [f"09:00:0{number} #{number}" for number in range(1, 6)]
        assert desk.mails(JOHN) == at_once
        await desk.at("09:10:00")
        assert desk.mails(JOHN) == [*at_once, "09:01:01 #6 #7"], "the first instant allowed"
        assert desk.subjects(JOHN)[5] == "2 tickets need your attention: #6, #7"
        assert await desk.states() == ["sent"] * 7


async def test_the_only_one_that_waited_leaves_as_its_ordinary_message(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 6):
            await desk.assigned(str(number), JOHN, at="09:00:00")
        await desk.assigned("6", JOHN, at="09:00:30")
        await desk.at("09:05:00")
        assert desk.mails(JOHN)[5:] == ["09:01:00 #6"]
        assert desk.subjects(JOHN)[5] == "New Ticket Assigned: #6 - Printer Not Working"


async def test_everybody_has_a_limit_of_their_own(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 7):
            await desk.assigned(str(number), JOHN, at="09:00:00")
        await desk.assigned("7", JANE, at="09:00:01")
        assert desk.mails(JANE) == ["09:00:01 #7"]


async def test_the_limit_of_text_messages_is_their_own_too(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 5):
            await desk.assigned(str(number), with_phone(JOHN), at=f"09:00:0{number}")
        await desk.at("09:05:00")
        assert len(desk.mails()) == 4
        assert desk.texts() == ["09:00:01 #1", "09:01:01 #2 #3 #4"]


async def test_the_longer_window_holds_too(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="2/1m 3/10m") as desk:
        for number in range(1, 4):
            await desk.assigned(str(number), JOHN, at="09:00:00")
        await desk.assigned("4", JOHN, at="09:02:00")
        await desk.assigned("5", JOHN, at="09:03:00")
        await desk.at("09:11:00")
        assert desk.mails(JOHN)[2:] == ["09:01:00 #3", "09:10:00 #4 #5"]


async def test_what_was_refused_gives_its_token_back(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m") as desk:
        desk.email.script(refuse(LATER))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:05")
        await desk.at("09:02:00")
        assert desk.mails(JOHN) == ["09:00:05 #2", "09:01:05 #1"]


async def test_a_thousand_events_are_five_mails_and_then_one_roll_up(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 6):
            await desk.assigned(str(number), JOHN, at=f"09:00:0{number}")
        rest = [(str(number), JOHN) for number in range(6, 1001)]
        await desk.at("09:00:10")
        await desk.all_at_once("assigned", rest)
        await desk.at("09:00:59.999")
        assert len(desk.mails(JOHN)) == 5
        await desk.at("09:05:00")
        assert desk.mails(JOHN)[5].startswith("09:01:01 #6 #7 #8 ")
        assert desk.subjects(JOHN)[5:] == [
            "995 tickets need your attention: #6, #7, #8 and 992 more"
        ]
        await desk.every_event_is_told_by_a_mail(1000)


async def test_a_thousand_events_in_one_instant_are_still_no_flood(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        await desk.all_at_once("assigned", [(str(number), JOHN) for number in range(1, 1001)])
        assert len(desk.mails(JOHN)) <= 5
        await desk.at("09:05:00")
        assert len(desk.mails(JOHN)) <= 6
        await desk.every_event_is_told_by_a_mail(1000)


async def test_a_roll_up_holds_at_most_a_thousand_and_what_is_left_is_one_too(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        for number in range(1, 6):
            await desk.assigned(str(number), JOHN, at="09:00:00")
        await desk.all_at_once("assigned", [(str(number), JOHN) for number in range(6, 2009)])
        await desk.at("09:03:00")
        sizes = Counter((await desk.carriers()).values())
        assert sorted(sizes.values()) == [1, 1, 1, 1, 1, 3, 1000, 1000]
        assert [line.split()[0] for line in desk.mails(JOHN)[5:]] == ["09:01:00"] * 3


async def test_critical_ones_pass_by_the_reserve_and_then_join_the_roll_up(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, RATE_LIMIT_CRITICAL="2/1m") as desk:
        for number in range(1, 6):
            await desk.assigned(str(number), JOHN, at=f"09:00:0{number}")
        await desk.assigned("6", JOHN, at="09:00:06")
        await desk.assigned("7", JOHN, priority="critical", at="09:00:07")
        await desk.assigned("8", JOHN, priority="critical", at="09:00:08")
        assert desk.mails(JOHN)[5:] == ["09:00:07 #7", "09:00:08 #8"]
        await desk.assigned("9", JOHN, priority="critical", at="09:00:09")
        await desk.assigned("10", JOHN, priority="critical", at="09:00:10")
        await desk.at("09:05:00")
        assert desk.mails(JOHN)[7:] == ["09:01:01 #9 #10 #6"]


async def test_a_critical_one_uses_the_normal_limit_first(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m", RATE_LIMIT_CRITICAL="1/1m") as desk:
        await desk.assigned("1", JOHN, priority="critical", at="09:00:00")
        await desk.assigned("2", JOHN, at="09:00:01")
        await desk.assigned("3", JOHN, priority="critical", at="09:00:02")
        await desk.at("09:05:00")
        assert desk.mails(JOHN) == ["09:00:00 #1", "09:00:02 #3", "09:01:00 #2"]


async def test_a_critical_one_that_waited_alone_goes_before_the_roll_up(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m", RATE_LIMIT_CRITICAL="1/5m") as desk:
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JOHN, priority="critical", at="09:00:01")
        await desk.assigned("3", JOHN, at="09:00:02")
        await desk.assigned("4", JOHN, priority="critical", at="09:00:03")
        await desk.at("09:04:00")
        assert desk.mails(JOHN)[1:] == ["09:00:01 #2", "09:01:00 #4", "09:02:00 #3"]


async def test_even_a_critical_one_waits_for_the_very_instant(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="1/1m", RATE_LIMIT_CRITICAL="1/5m") as desk:
        await desk.assigned("1", JOHN, priority="critical", at="09:00:00")
        await desk.assigned("2", JOHN, priority="critical", at="09:00:01")
        await desk.assigned("3", JOHN, priority="critical", at="09:00:59.999")
        assert len(desk.mails(JOHN)) == 2
        await desk.assigned("4", JOHN, priority="critical", at="09:02:00")
        assert desk.mails(JOHN)[2:] == ["09:01:00 #3", "09:02:00 #4"]


async def test_without_a_limit_everything_leaves_at_once(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="", RATE_LIMIT_SMS="") as desk:
        for number in range(1, 31):
            await desk.assigned(str(number), JOHN)
            await desk.assigned(f"{number}00", MARY)
        assert desk.mails(JOHN) == [f"09:00:00 #{number}" for number in range(1, 31)]
        assert desk.texts(MARY) == [f"09:00:00 #{number}00" for number in range(1, 31)]
