"""Stories of faults of our own: rendering that blocks the loop, and what no template can show."""

from pathlib import Path

import pytest

from notifier.model.deliveries import Batch
from notifier.model.errors import Evidence, Permanent
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE, SECOND
from tests.acceptance.scenario import JANE, JOHN, Desk, person


@pytest.mark.fault("A10")
@pytest.mark.parametrize(("seconds", "handed_back"), [(10, 0), (40, 1)])
async def test_a_loop_that_stands_still_sends_no_mail_twice(
    tmp_path: Path, seconds: int, handed_back: int
) -> None:
    async with Desk(tmp_path) as desk:

        def blocks(batch: Batch) -> None:
            desk.world.before_rendering.clear()
            desk.clock.jump(seconds * SECOND)

        desk.world.before_rendering.append(blocks)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.passes(5 * MINUTE)
        assert len(desk.email.tried) == 1 + handed_back, "past its lease nothing is sent"
        assert len(desk.mails()) == 1
        assert await desk.states() == ["sent"]


def _has_no_template(batch: Batch) -> None:
    if batch.address == JOHN.email:
        raise Permanent(Reason.TEMPLATE_ERROR, Evidence("render", reply="no such field"))


def _stumbles(batch: Batch) -> None:
    if batch.address == JOHN.email:
        raise KeyError("nobody foresaw this")


@pytest.mark.fault("A13")
@pytest.mark.parametrize("broken", [_has_no_template, _stumbles])
async def test_what_cannot_be_shown_fails_alone_and_for_good(
    tmp_path: Path, broken: object
) -> None:
    assert callable(broken)
    async with Desk(tmp_path) as desk:
        desk.world.before_rendering.append(broken)
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.assigned("2", JANE, at="09:00:01")
        for _ in range(3):
            await desk.crashes()
        await desk.assigned("3", JANE, at="09:00:10")
        await desk.passes(10 * MINUTE)
        assert await desk.states() == ["failed, template_error", "sent", "sent"]
        assert await desk.outcomes("1") == ["failed"]
        assert desk.mails() == ["09:00:01 #2", "09:00:10 #3"]


@pytest.mark.fault("G25")
async def test_a_desk_that_makes_a_ticket_of_every_mail_is_no_storm(tmp_path: Path) -> None:
    async with Desk(tmp_path, RATE_LIMIT_EMAIL="3/1m 9/1h") as desk:
        await desk.created("0", JOHN, at="09:00:00")
        answered = 0
        for minute in range(8):
            while answered < len(desk.email.log):
                answered += 1
                await desk.created(str(answered), JOHN)
            await desk.at(f"09:{minute:02d}:59")
        assert answered == 9, "the limit for an hour ends it"
        await desk.assigned("77", person(2))
        assert desk.mails(person(2)) == ["09:07:59 #77"]
