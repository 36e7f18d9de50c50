"""The real service as a process, and a help desk that posts signed webhooks to it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2

from notifier.sources.signatures import sign
from tests.openapi_check import repository_checker

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0IQ=="
TOKEN = "token-of-the-tests-0123456789"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def assigned(number: int, email: str, **ticket: object) -> dict[str, Any]:
    """Give a native `ticket.assigned` event."""
    return {
        "type": "ticket.assigned",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {
            "ticket": {
                "id": str(number),
                "title": f"Printer Not Working {number}",
                "priority": "medium",
                **ticket,
            },
            "assignee": {"id": email, "name": "John Smith", "email": email},
            "actor": {"id": "1", "name": "Administrator"},
        },
    }


async def _is_as_documented(answer: httpx2.Response) -> None:
    """Hold an answer against openapi.yaml."""
    call = answer.request
    body = await answer.aread()
    repository_checker().check(call.method, call.url.path, answer.status_code, answer.headers, body)


class Service:
    """One folder, one store in it, and the process that serves it, if it runs."""

    def __init__(self, folder: Path, smtp_port: int, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PORT": str(self.port),
            "WEBHOOK_SECRET": SECRET,
            "API_TOKENS": TOKEN,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(smtp_port),
            "SMTP_TLS": "none",
            "SMTP_AUTH": "none",
            "FROM_EMAIL": "desk@example.com",
            "SMTP_EHLO_HOSTNAME": "notifier.example.com",
            **{name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_")},
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None
        self.lines: list[str] = []
        self._line = asyncio.Event()
        self.client = httpx2.AsyncClient(
            trust_env=False, timeout=30, event_hooks={"response": [_is_as_documented]}
        )

    async def start(self, *before: str, module: str = "notifier") -> None:
        """Start the process (under another command, if one is given) and wait until it serves."""
        command = (*before, sys.executable, "-m", module, "serve")
        self.lines = []
        self.process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env=self.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.ensure_future(self._read(self.process))
        await self.until_logged("service.ready")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.lines.append(line.decode())
            self._line.set()
        self.lines.append("")
        self._line.set()

    async def until_logged(self, text: str, seconds: float = 60) -> str:
        """Return the first line that holds `text`."""
        async with asyncio.timeout(seconds):
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                if self.lines[-1:] == [""]:
                    raise AssertionError("it ended early: " + "".join(self.lines[-20:]))
                self._line.clear()
                await self._line.wait()

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, give the exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for a process that ends by itself, give the exit status."""
        assert self.process is not None
        status = await self.process.wait()
        await self._reading
        return status

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.stop(signal.SIGKILL)
        await self.client.aclose()

    async def post(self, event: dict[str, Any], key: str) -> httpx2.Response:
        """Post one signed webhook; raises httpx2.TransportError when nobody answers."""
        return await self.post_bytes(json.dumps(event).encode(), key)

    async def post_bytes(self, body: bytes, key: str) -> httpx2.Response:
        """Post any body, signed as it is."""
        now = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(SECRET, key, now, body),
        }
        return await self.client.post(f"{self.url}/webhooks", content=body, headers=headers)

    async def get(self, path: str, **parameters: str | list[str]) -> dict[str, Any]:
        """Read from the API."""
        answer = await self.client.get(
            f"{self.url}{path}",
            params=parameters,
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def deliveries(self, **parameters: str | list[str]) -> list[dict[str, Any]]:
        """Read every delivery, page by page."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get("/v1/deliveries", limit="200", **parameters, **cursor)
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    async def until_ended(self, ids: Sequence[str], seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until each of these deliveries has ended; give them all."""
        deadline = time.monotonic() + seconds
        while True:
            open_ones = await self.deliveries(state=["pending", "sending", "unknown"])
            if not {one["id"] for one in open_ones} & set(ids):
                return [one for one in await self.deliveries() if one["id"] in set(ids)]
            assert time.monotonic() < deadline, f"still open: {open_ones[:3]}"


@contextlib.asynccontextmanager
async def running(folder: Path, smtp_port: int, **settings: str) -> AsyncIterator[Service]:
    """Start a service, and end it whatever happens."""
    service = Service(folder, smtp_port, **settings)
    try:
        await service.start()
        yield service
    finally:
        await service.close()
