"""A help desk on one kept connection: what it writes is bytes, and it may read answers later."""

import asyncio
import json
import time
from typing import Any

from notifier.sources.signatures import sign
from tests.service import SECRET, Service, assigned


def signed_call(event: dict[str, Any], key: str, now: int | None = None) -> bytes:
    """Give the whole HTTP request that posts an event under a webhook id."""
    body = json.dumps(event).encode()
    at = int(time.time()) if now is None else now
    head = (
        "POST /webhooks HTTP/1.1\r\nhost: notifier.example.com\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"webhook-id: {key}\r\nwebhook-timestamp: {at}\r\n"
        f"webhook-signature: {sign(SECRET, key, at, body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, service: Service) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", service.port))

    def write(self, request: bytes) -> None:
        self._writer.write(request)

    async def answer(self) -> tuple[int, bytes]:
        """Read one answer: its status and body. Raises OSError or EOFError when none comes."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("content-length: ")[2].partition("\r\n")[0]
        return int(head[9:12]), await self._reader.readexactly(int(length))

    async def accepted(self) -> str:
        """Give the id of the event that was accepted."""
        status, body = await self.answer()
        assert status == 202, body
        event: str = json.loads(body)["event_id"]
        return event

    def hang_up(self) -> None:
        self._writer.close()


async def call_together(service: Service, callers: int, rounds: int) -> dict[str, str]:
    """Let so many callers post at the same time, again and again; give calls by their events."""
    calls: dict[str, str] = {}
    connections = [await Caller.to(service) for _ in range(callers)]
    for first in range(0, rounds * callers, callers):
        keys = [f"call-{first + number:05d}" for number in range(callers)]
        for number, (key, caller) in enumerate(zip(keys, connections, strict=True), first):
            caller.write(signed_call(assigned(number, f"p{number}@example.com"), key))
        for key, caller in zip(keys, connections, strict=True):
            calls[await caller.accepted()] = key
    for caller in connections:
        caller.hang_up()
    return calls
