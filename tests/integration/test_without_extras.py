"""Where uvloop, fcntl and SIGHUP are missing, and on a terminal that knows ASCII only."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.command import environment, run
from tests.integration.lacking import ROOT, without
from tests.service import assigned, running
from tests.smtp_sink import SmtpSink

ASCII_ONLY = {
    "PYTHONIOENCODING": {"PYTHONIOENCODING": "ascii"},
    # Python would look for a better locale than C otherwise.
    "LANG": {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}

on_each_terminal = pytest.mark.parametrize("terminal", ASCII_ONLY.values(), ids=ASCII_ONLY.keys())


@pytest.fixture
def bare(tmp_path: Path) -> str:
    """Give the PYTHONPATH of a Python as on a system that is no Unix."""
    return without(tmp_path / "python", "uvloop", "fcntl", signals=("SIGHUP",))


@pytest.mark.parametrize("line", ["import uvloop", "import fcntl", "import signal; signal.SIGHUP"])
def test_what_is_taken_away_is_missed(line: str, bare: str, tmp_path: Path) -> None:
    for path, status in ((bare, 1), (str(ROOT), 0)):
        done = subprocess.run(
            [sys.executable, "-c", line],
            env=environment(tmp_path, PYTHONPATH=path),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status


def test_init_runs_without_extras(bare: str, tmp_path: Path) -> None:
    done = run(tmp_path, "init", PYTHONPATH=bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WEBHOOK_SECRET=whsec_" in (tmp_path / ".env").read_text()


async def test_the_service_runs_without_extras(bare: str, tmp_path: Path) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port, PYTHONPATH=bare) as service:
        answer = await service.post(assigned(1, "john@example.com"), "one")
        (ended,) = await service.until_ended([answer.json()["deliveries"][0]["id"]])
        assert ended["state"] == "sent"
        assert await service.stop() == 0
    assert [mail.to for mail in sink.taken] == ["john@example.com"]
    assert "Traceback" not in "".join(service.lines)


@on_each_terminal
def test_the_demonstration_runs_without_extras_and_writes_question_marks_where_ascii_ends(
    terminal: dict[str, str], bare: str, tmp_path: Path
) -> None:
    done = run(tmp_path, "demo", "--once", PYTHONPATH=bare, **terminal)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "What came out: 5 mails" in done.stdout
    assert "  ? Title: Printer Not Working\n" in done.stdout


@on_each_terminal
async def test_the_log_writes_question_marks_where_ascii_ends(
    terminal: dict[str, str], tmp_path: Path
) -> None:
    async with SmtpSink() as sink, running(tmp_path, sink.port, **terminal) as service:
        answer = await service.post(assigned(1, "john@example.com"), "one")
        await service.until_ended([answer.json()["deliveries"][0]["id"]])
        line = await service.until_logged("action=delivery.sent")
        assert await service.stop() == 0
    assert "recipient=j???@example.com" in line
    assert "".join(service.lines).isascii()
