"""Promises of the contract that the service does not keep yet, each as it must be.

Each test is expected to fail and names its cause; one that begins to pass must lose its mark.
"""

from pathlib import Path

import pytest

from notifier.model.times import MINUTE
from tests.acceptance.scenario import JOHN, Desk
from tests.scripted_channel import accept, hang


@pytest.mark.xfail(reason="a final dot may wait 300 s for its reply, whatever the deadline")
async def test_a_mail_whose_reply_is_slow_at_its_deadline_ends_a_minute_later(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path, EMAIL_TTL="1m") as desk:
        desk.email.script(accept(before=50_000, takes=5 * MINUTE))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.at("09:02:00")
        assert await desk.states() != ["sending"]


@pytest.mark.xfail(reason="the bytes in flight at a crash are made anew, by what is set then")
async def test_a_mail_in_flight_goes_again_with_its_bytes_under_new_settings(
    tmp_path: Path,
) -> None:
    async with Desk(tmp_path) as desk:
        desk.email.script(hang("reply"))
        await desk.assigned("1", JOHN, at="09:00:00")
        await desk.crashes(FROM_NAME="Service Desk")
        first, again = desk.raw(JOHN)
        assert first == again
