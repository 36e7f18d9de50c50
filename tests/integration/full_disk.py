"""A load that fills a small disk, and a service that stands on it.

Takes a disk and a folder; gives the service, its mail server and what was accepted.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.integration.small_disk import SETTINGS, SIZE, SmallDisk
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink

CONNECTIONS = 4
# One connection is kept for critical mails.
WAITING = CONNECTIONS - 1
MOST = 1000

_SMALL = 4096
"""No event takes less room than this many bytes of the write-ahead log."""


class Load:
    """Posts one event after the other, and remembers which were accepted."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._numbers: Iterator[int] = itertools.count(1)
        self.accepted: set[str] = set()
        self.refused: set[str] = set()

    async def post(self, padding: int = 0) -> httpx2.Response:
        event, key = self._call(next(self._numbers), padding)
        answer = await self._service.post(event, key)
        (self.accepted if answer.status_code == 202 else self.refused).add(key)
        return answer

    async def repeat(self) -> httpx2.Response:
        """Post the first event again, as a help desk does that missed the answer."""
        return await self._service.post(*self._call(1, 0))

    def _call(self, number: int, padding: int) -> tuple[dict[str, Any], str]:
        event = assigned(number, f"p{number}@example.com", history="x" * padding)
        return event, f"call-{number}"

    async def fill(self) -> None:
        """Post until not even a small event finds room, and the service knows that."""
        for padding in (200_000, 10_000, 0):
            most = len(self.accepted) + 4 * SIZE // max(padding, _SMALL)
            while (await self.post(padding)).status_code == 202:
                assert len(self.accepted) < most, f"{most} calls fit on a disk of {SIZE} bytes"
        # What was under way beside the last event may still have been committed after it, and
        # the service tries for itself whether there is room, until that finds none either.
        while (await self.repeat()).status_code == 200:
            await self.post()
            assert len(self.refused) < MOST

    async def until_accepted(self) -> None:
        """Post until one is accepted."""
        while (await self.post()).status_code != 202:
            pass


@asynccontextmanager
async def filled(disk: SmallDisk, folder: Path) -> AsyncIterator[tuple[Service, SmtpSink, Load]]:
    """Give a service on a full disk, with mails on their way that are not written yet."""
    async with on_disk(disk, folder) as (service, sink, load):
        await load.fill()
        yield service, sink, load


@asynccontextmanager
async def on_disk(
    disk: SmallDisk, folder: Path, module: str | None = None, **environment: str
) -> AsyncIterator[tuple[Service, SmtpSink, Load]]:
    """Give a service on a small disk, with mails on their way that are not written yet."""
    async with SmtpSink() as sink:
        sink.shut_gate()
        places = str(CONNECTIONS)
        service = Service(
            folder, sink.port, SMTP_MAX_CONNECTIONS=places, RATE_LIMIT_EMAIL="", **SETTINGS
        )
        service.environment |= environment
        try:
            await disk.start(service, module)
            load = Load(service)
            for _ in range(WAITING):
                assert (await load.post()).status_code == 202
            await sink.wait_for(lambda sink: sink.asked == WAITING)
            yield service, sink, load
        finally:
            await service.close()


async def ready_answer(service: Service) -> httpx2.Response:
    return await service.client.get(f"{service.url}/health/ready")


async def stored_calls(service: Service) -> set[str]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await service.get("/v1/events", limit="200", **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return {event["webhook_id"] for event in found}
        cursor = {"cursor": page["next_cursor"]}
