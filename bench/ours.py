"""The service itself, as a side: `notifier serve` with its default settings.

Takes a folder and the port of a mail server, gives a running process; afterwards, what lies in
its store. Refuses (BenchError) a service that does not start.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw

from bench.calls import MAPPED, SECRET
from bench.processes import Command, Process, free_port, running

STORE = "notifier.db"

# 202, as our own source answers, so that both are called by the same programs.
_SOURCES = f"""
[sources.{MAPPED}]
preset = "helpscout"
secrets = ["{SECRET}"]
success = 202
"""

_ROOT = Path(__file__).parent.parent


def settings(port: int, smtp_port: int) -> dict[str, str]:
    """Give the settings that are no defaults: where things are."""
    return {
        "PYTHONPATH": str(_ROOT),
        "PORT": str(port),
        "WEBHOOK_SECRET": SECRET,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(smtp_port),
        "SMTP_TLS": "none",
        "SMTP_AUTH": "none",
        "SMTP_EHLO_HOSTNAME": "notifier.example.com",
        "FROM_EMAIL": "desk@example.com",
        "LOG_FORMAT": "json",
    }


def configure(folder: Path) -> None:
    """Add the source that `calls.mapped` posts to."""
    (folder / "notifier.toml").write_text(_SOURCES, encoding="utf-8")


@contextlib.contextmanager
def serving(
    folder: Path, smtp_port: int, more: Mapping[str, str] | None = None
) -> Iterator[tuple[Process, int]]:
    """Give the service and its port for the length of a block."""
    port = free_port()
    environment = settings(port, smtp_port) | dict(more or {})
    with running(Command([sys.executable, "-m", "notifier", "serve"], folder, environment)) as one:
        one.wait_for_line("service.ready")
        yield one, port


def count(folder: Path, where: str, *, since: int) -> int:
    """Give how many deliveries of events accepted from `since` (milliseconds) on are so."""
    connection = apsw.Connection(str(folder / STORE), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        found: int = connection.execute(
            f"SELECT count(*) FROM delivery WHERE created_at >= ? AND {where}",  # noqa: S608
            (since,),
        ).get
    finally:
        connection.close()
    return found
