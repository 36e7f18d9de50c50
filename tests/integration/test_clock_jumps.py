"""A wall clock that jumps under the running service, which goes on by what really passed."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from notifier.model import times
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink

WINDOW = 1.0


FAKETIME = shutil.which("faketime")


def preload() -> str:
    """Give the library that fakes the wall clock of a process with threads."""
    assert FAKETIME is not None
    done = subprocess.run(
        [FAKETIME, "-m", "-f", "+0", "printenv", "LD_PRELOAD"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(FAKETIME is None, reason="tests/set-up installs faketime")
@pytest.mark.parametrize(
    "jump",
    [
        pytest.param("+1d", id="B1-a-day-ahead", marks=pytest.mark.fault("B1")),
        pytest.param("-2h", id="B2-two-hours-back", marks=pytest.mark.fault("B2")),
    ],
)
async def test_a_jump_of_the_wall_clock_moves_nothing(jump: str, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    faked = {
        "LD_PRELOAD": preload(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "RATE_LIMIT_EMAIL": f"1/{WINDOW:.0f}s",
        "EMAIL_TTL": "30m",
        "LOG_FORMAT": "json",
    }
    async with SmtpSink() as sink:
        service = Service(tmp_path, sink.port, **faked)
        try:
            await service.start()
            before = await service.post(assigned(1, "john@example.com"), "call-1")
            await sink.wait_for(lambda sink: len(sink.taken) == 1)
            first = time.monotonic()
            clock.write_text(f"{jump}\n")
            held = await service.post(assigned(2, "john@example.com"), "call-2")
            assert (before.status_code, held.status_code) == (202, 202)
            await sink.wait_for(lambda sink: len(sink.taken) == 2, WINDOW + 20)
            assert time.monotonic() - first > WINDOW - 0.5, "the limit holds by what passed"
            ids = [answer.json()["deliveries"][0]["id"] for answer in (before, held)]
            ended = await service.until_ended(ids)
            assert [one["state"] for one in ended] == ["sent", "sent"]
            for one in ended:
                marks = [one[name] for name in ("created_at", "updated_at", "finished_at")]
                assert marks == sorted(marks)
                age = times.from_text(one["expires_at"]) - times.from_text(one["created_at"])
                assert age == 30 * times.MINUTE
            # The wall clock did jump: the log, which is stamped with it, shows that.
            jumped = _logged_at(service.lines[-1]) - _logged_at(service.lines[0])
            assert abs(jumped) > 90 * times.MINUTE
        finally:
            await service.close()


def _logged_at(line: str) -> int:
    return times.from_text(line.split('"time": "')[1].split('"')[0])
