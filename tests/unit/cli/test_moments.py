import time

import click
import pytest

from notifier.cli.moments import Moment
from notifier.model import times
from notifier.model.times import HOUR


def test_a_time_is_given_as_the_api_takes_it() -> None:
    assert Moment().convert("2026-11-23T10:00:00+01:00", None, None) == "2026-11-23T09:00:00.000Z"
    assert Moment().convert("2026-11-23t09:00:00z", None, None) == "2026-11-23T09:00:00.000Z"


def test_a_duration_is_so_long_ago() -> None:
    before = time.time_ns() // 1_000_000
    found = times.from_text(Moment().convert("2h", None, None))
    after = time.time_ns() // 1_000_000
    assert before - 2 * HOUR <= found <= after - 2 * HOUR


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23", "2026-11-23T09:00:00", "2w", "h"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write a time like"):
        Moment().convert(text, None, None)
