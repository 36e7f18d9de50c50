"""Times as an operator writes them.

Takes an RFC 3339 time, or a duration such as `2h` that means so long ago; gives RFC 3339 text.
Refuses anything else (wrong usage).
"""

import time
from typing import Any

import click

from notifier.model import times
from notifier.settings import values


class Moment(click.ParamType[str]):
    """An instant: `2026-11-24T09:00:00Z`, or `30m`, `2h`, `1d` ago."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it; fails with what would be right."""
        text = str(value)
        try:
            if text[-1:] in ("s", "m", "h", "d"):
                return times.to_text(time.time_ns() // 1_000_000 - values.duration(text))
            return times.to_text(times.from_text(text.upper()))
        except ValueError:
            self.fail("write a time like 2026-11-24T09:00:00Z, or 30m, 2h, 1d ago", param, ctx)
