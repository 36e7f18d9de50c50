"""`notifier health`: quick, and right about every condition of the service."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.command import (
    SIGNED,
    asked,
    document,
    environment,
    refusal,
    run,
    serving,
)
from tests.service import assigned, free_port, running

SLOW_TO_LOAD = ("pydantic", "httpx2", "starlette", "uvicorn", "apsw", "phonenumbers", "jinja2")


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """Listen as a service would, and give one answer to every call; gives the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield str(server.sockets[0].getsockname()[1])


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_a_service_that_can_commit_is_well(tmp_path: Path) -> None:
    (tmp_path / "port.txt").write_text("placeholder")
    with serving(tmp_path, **SIGNED) as service:
        (tmp_path / "port.txt").write_text(str(service.port))
        by_port = run(tmp_path, "health", PORT=str(service.port))
        by_file = run(tmp_path, "health", PORT_FILE="port.txt")
        by_url = run(tmp_path, "health", "--json", NOTIFIER_URL=service.url)
    assert (by_port.returncode, by_port.stdout, by_port.stderr) == (0, "ok\n", "")
    assert (by_file.returncode, by_file.stdout) == (0, "ok\n")
    assert document(by_url) == {"status": "ok", "reasons": []}


async def test_a_degraded_service_is_well_enough(tmp_path: Path) -> None:
    async with running(tmp_path, free_port(), RATE_LIMIT_EMAIL="") as service:
        for number in range(6):
            await service.post(assigned(number, "john@example.com"), f"call-{number}")
        await service.until_logged("action=channel.down")
        done = await asked(service, "health")
    assert (done.returncode, done.stderr) == (0, "")
    status, *reasons = done.stdout.splitlines()
    assert status == "degraded"
    assert reasons[0].startswith("  ")


async def test_a_service_that_cannot_commit_is_not_well(tmp_path: Path) -> None:
    said = '{"status": "failed", "reasons": ["Nothing can be committed: disk full."]}'
    async with answering(http("503 Service Unavailable", said)) as port:
        done = await asyncio.to_thread(run, tmp_path, "health", PORT=port)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "failed\n  Nothing can be committed: disk full.\n"


@pytest.mark.parametrize(
    "answer",
    [
        http("200 OK", "<h1>It works!</h1>"),
        http("200 OK", "[]"),
        http("200 OK", '{"status": "UP"}'),
    ],
    ids=["a page", "a list", "another service"],
)
async def test_another_server_is_not_taken_for_the_service(answer: bytes, tmp_path: Path) -> None:
    async with answering(answer) as port:
        done = await asyncio.to_thread(run, tmp_path, "health", PORT=port)
    (line,) = refusal(done, 1)
    assert line.endswith("/health/ready is not the notifier")


async def test_what_is_no_http_is_no_answer(tmp_path: Path) -> None:
    async with answering(b"220 mail.example.com ESMTP\r\n") as port:
        done = await asyncio.to_thread(run, tmp_path, "health", PORT=port)
    (line,) = refusal(done, 1)
    assert line.startswith(f"notifier: no answer from http://127.0.0.1:{port}/health/ready: ")


def test_when_nobody_listens_it_says_so_in_json_too(tmp_path: Path) -> None:
    port = str(free_port())
    said = (
        f"no answer from http://127.0.0.1:{port}/health/ready: Connection refused; is it running?"
    )
    (line,) = refusal(run(tmp_path, "health", PORT=port), 1)
    assert line == f"notifier: {said}"
    as_json = run(tmp_path, "health", "--json", PORT=port)
    assert (as_json.returncode, document(as_json)) == (1, {"status": None, "detail": said})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "tcp://10.0.0.1:80"}, "PORT: this is an address that Kubernetes"),
        ({"HOST": "not a host"}, "HOST: write an address of this machine"),
        ({"PORT": "1", "PORT_FILE": "port.txt"}, "PORT: both PORT and PORT_FILE are set"),
        ({"NOTIFIER_URL": "localhost"}, "NOTIFIER_URL: write an address"),
    ],
    ids=str,
)
def test_wrong_settings_exit_2(settings: dict[str, str], said: str, tmp_path: Path) -> None:
    (line,) = refusal(run(tmp_path, "health", **settings), 2)
    assert line.startswith(f"notifier: {said}")


def test_it_loads_nothing_that_is_slow_to_load(tmp_path: Path) -> None:
    code = (
        "import sys; from notifier.cli import health, main; "
        f"print([name for name in {SLOW_TO_LOAD} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "[]\n"
