"""The command as a process: in a folder of its own, with nothing in its environment but ours."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.service import SECRET, TOKEN, Service, free_port

CompletedProcess = subprocess.CompletedProcess[str]

ROOT = Path(__file__).parents[2]
NOTIFIER = (sys.executable, "-m", "notifier")
SECONDS = 60
SIGNED = {"WEBHOOK_SECRET": SECRET, "API_TOKENS": TOKEN}


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Give what a process needs to run, what measures coverage, and these settings."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        **{name: text for name, text in os.environ.items() if name.startswith("COVERAGE_")},
        **settings,
    }


def run(
    folder: Path, *arguments: str, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `given` is its standard input."""
    return subprocess.run(
        [*NOTIFIER, *arguments],
        cwd=folder,
        env=environment(folder, **settings),
        input=given or "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


async def asked(service: Service, *arguments: str, **settings: str) -> CompletedProcess:
    """Run a command against a service, in its folder and with its settings."""
    given = {**service.environment, **settings}
    return await asyncio.to_thread(run, service.folder, *arguments, **given)


def refusal(done: subprocess.CompletedProcess[str], status: int) -> list[str]:
    """Check that a command ended with `status` and printed nothing; give what it complained of."""
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Give the one JSON document on standard output."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class Serving:
    """`notifier serve` in a folder; `lines` is what it has logged so far."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*NOTIFIER, "serve", *arguments],
            cwd=folder,
            env=environment(folder, **{"PORT": str(self.port), **settings}),
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def until(self, text: str) -> str:
        """Read its log up to the first line that holds `text`, and give that."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return line
        raise AssertionError("it ended early: " + "\n".join(self.lines))

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, give the exit status."""
        self._process.send_signal(number)
        _, rest = self._process.communicate(timeout=SECONDS)
        self.lines += rest.splitlines()
        return self._process.returncode

    def close(self) -> None:
        """End it whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate(timeout=SECONDS)


@contextmanager
def serving(folder: Path, *arguments: str, **settings: str) -> Iterator[Serving]:
    """Start a service that answers, and end it whatever happens."""
    service = Serving(folder, *arguments, **settings)
    try:
        service.until("service.ready")
        yield service
    finally:
        service.close()
