"""The peers as sides: how each is started, and what is sent to it.

Takes a folder and the port of a mail server, gives running processes. Refuses (BenchError)
what is not here or does not start.
"""

import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench import calls, pages, programs
from bench.processes import BenchError, Command, Process, free_port, running

_ROOT = Path(__file__).parent.parent

Started = tuple[Sequence[Process], int]
"""The processes of a side, and the port that takes its calls."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A peer. `share` is how much of the others' time it is loaded, so that it drains in time."""

    name: str
    start: Callable[[Path, int], AbstractContextManager[Started]]
    make: calls.Make = calls.webhook
    share: float = 1.0


def application(name: str, folder: Path, environment: dict[str, str]) -> tuple[Command, int]:
    """Give the command that serves one of `bench.peers` as we serve ours, and its port."""
    port = free_port()
    words = [sys.executable, "-m", "uvicorn", f"bench.peers.{name}:app", "--port", str(port)]
    words += ["--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    words += ["--log-level", "warning", "--lifespan", "off", "--ws", "none"]
    return Command(words, folder, {"PYTHONPATH": str(_ROOT), **environment}), port


@contextlib.contextmanager
def bare(folder: Path) -> Iterator[Started]:
    """Give a route that answers 202."""
    command, port = application("bare", folder, {})
    with running(command) as process:
        process.wait_for_port(port)
        yield [process], port


@contextlib.contextmanager
def _minimal(folder: Path, smtp_port: int) -> Iterator[Started]:
    with _alone("minimal", folder, smtp_port) as started:
        yield started


@contextlib.contextmanager
def _apprise(folder: Path, smtp_port: int) -> Iterator[Started]:
    _need("apprise")
    with _alone("announced", folder, smtp_port) as started:
        yield started


@contextlib.contextmanager
def _alone(name: str, folder: Path, smtp_port: int) -> Iterator[Started]:
    pages.write(folder)
    command, port = application(name, folder, {"SMTP_PORT": str(smtp_port)})
    with running(command) as process:
        process.wait_for_port(port)
        yield [process], port


@contextlib.contextmanager
def _celery(folder: Path, smtp_port: int) -> Iterator[Started]:
    _need("celery")
    _need("redis")
    pages.write(folder)
    redis_port = free_port()
    words = [programs.find("redis-server"), "--port", str(redis_port), "--bind", "127.0.0.1"]
    words += ["--save", "", "--appendonly", "yes", "--dir", str(folder)]
    environment = {
        "PYTHONPATH": str(_ROOT),
        "SMTP_PORT": str(smtp_port),
        "BROKER": f"redis://127.0.0.1:{redis_port}/0",
    }
    worker = [sys.executable, "-m", "celery", "-A", "bench.peers.queued:queue", "worker"]
    worker += ["--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(running(Command(words, folder, {})))
        broker.wait_for_port(redis_port)
        working = stack.enter_context(running(Command(worker, folder, environment)))
        working.wait_for_line("ready.")
        command, port = application("queued", folder, environment)
        web = stack.enter_context(running(command))
        web.wait_for_port(port)
        yield [broker, working, web], port


_ALERT_FACTS = {
    "number": "{{ .CommonLabels.alertname }}",
    **{
        name: f"{{{{ .CommonAnnotations.{name} }}}}" for name in ("title", "priority", "name", "by")
    },
    "link": "{{ .CommonAnnotations.link }}",
}


def _alertmanager_settings(smtp_port: int) -> str:
    mail = pages.pages()
    for name, expression in _ALERT_FACTS.items():
        mail = {part: page.replace(f"@@{name}@@", expression) for part, page in mail.items()}
    receiver = {
        "to": "{{ .CommonLabels.to }}",
        "from": "desk@example.com",
        "smarthost": f"127.0.0.1:{smtp_port}",
        "require_tls": False,
        "text": mail["mail.txt"],
        "html": mail["mail.html"],
        "headers": {"Subject": "New Ticket Assigned: #{{ .CommonLabels.alertname }}"},
    }
    # JSON is YAML, and needs no second way of quoting.
    return json.dumps(
        {
            "route": {"receiver": "mail", "group_by": ["..."], "group_wait": "0s"},
            "receivers": [{"name": "mail", "email_configs": [receiver]}],
        }
    )


@contextlib.contextmanager
def _alertmanager(folder: Path, smtp_port: int) -> Iterator[Started]:
    port = free_port()
    (folder / "alertmanager.yml").write_text(_alertmanager_settings(smtp_port), encoding="utf-8")
    words = [programs.find("prometheus-alertmanager"), "--config.file=alertmanager.yml"]
    words += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    words += [f"--storage.path={folder / 'data'}"]
    with running(Command(words, folder, {"GOMAXPROCS": "1"})) as process:
        process.wait_for_port(port)
        yield [process], port


def _need(module: str) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise BenchError(f"the Python package {module} is not installed") from error


ALERTMANAGER = Rival("Alertmanager", _alertmanager, calls.alert)
MINIMAL = Rival("minimal service", _minimal, share=0.5)
CELERY = Rival("Celery + Redis", _celery, share=0.4)
APPRISE = Rival("Apprise", _apprise)
