"""A disk that the load itself fills: never a false 202, nothing sent, and then on as before."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.integration.small_disk import SETTINGS, SmallDisk, disks
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink

CONNECTIONS = 4
# One connection is kept for critical mails.
WAITING = CONNECTIONS - 1
MOST = 1000

on_each_disk = pytest.mark.parametrize("disk", disks(), ids=lambda disk: type(disk).__name__)


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
            while (await self.post(padding)).status_code == 202:
                assert len(self.accepted) < MOST
        # What was under way beside the last event may still have been committed after it, and
        # the service tries for itself whether there is room, until that finds none either.
        while (await self.repeat()).status_code == 200:
            await self.post()
            assert len(self.refused) < MOST


@asynccontextmanager
async def filled(disk: SmallDisk, folder: Path) -> AsyncIterator[tuple[Service, SmtpSink, Load]]:
    """Give a service on a full disk, with mails on their way that are not written yet."""
    async with SmtpSink() as sink:
        sink.shut_gate()
        places = str(CONNECTIONS)
        service = Service(
            folder, sink.port, SMTP_MAX_CONNECTIONS=places, RATE_LIMIT_EMAIL="", **SETTINGS
        )
        try:
            await disk.start(service)
            load = Load(service)
            for _ in range(WAITING):
                assert (await load.post()).status_code == 202
            await sink.wait_for(lambda sink: sink.asked == WAITING)
            await load.fill()
            yield service, sink, load
        finally:
            await service.close()


async def _ready(service: Service) -> httpx2.Response:
    return await service.client.get(f"{service.url}/health/ready")


async def _events(service: Service) -> set[str]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await service.get("/v1/events", limit="200", **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return {event["webhook_id"] for event in found}
        cursor = {"cursor": page["next_cursor"]}


async def _until_accepted(load: Load) -> None:
    while (await load.post()).status_code != 202:
        pass


@pytest.mark.fault("C1")
@on_each_disk
async def test_while_the_disk_is_full_webhooks_get_503_and_the_service_is_not_ready(
    disk: SmallDisk, tmp_path: Path
) -> None:
    async with filled(disk, tmp_path) as (service, _, load):
        for _ in range(3):
            answer = await load.post()
            assert answer.status_code == 503
            assert re.fullmatch("[1-9][0-9]*", answer.headers["retry-after"])
            assert answer.json()["code"] == "store_unavailable"
            ready = await _ready(service)
            assert (ready.status_code, ready.json()["status"]) == (503, "failed")
        repeated = await load.repeat()
        assert repeated.status_code == 503, "what writes nothing proves no room"
        assert (await _ready(service)).status_code == 503
        live = await service.client.get(f"{service.url}/health/live")
        assert live.status_code == 200
        assert await service.stop() == 0


@pytest.mark.fault("C1")
@on_each_disk
async def test_a_mail_that_the_full_disk_caught_on_its_way_is_not_sent(
    disk: SmallDisk, tmp_path: Path
) -> None:
    async with filled(disk, tmp_path) as (_, sink, _):
        sink.let_one_in()
        await sink.wait_for(lambda sink: bool(sink.broken_off or sink.taken))
        assert (sink.broken_off, sink.taken) == (1, [])


@pytest.mark.fault("C1")
@on_each_disk
async def test_once_there_is_room_an_idle_service_finds_out_by_itself(
    disk: SmallDisk, tmp_path: Path
) -> None:
    async with filled(disk, tmp_path) as (service, _, _):
        disk.make_room(service)
        async with asyncio.timeout(5):
            while (await _ready(service)).status_code != 200:
                pass


@pytest.mark.fault("C1")
@on_each_disk
async def test_once_there_is_room_everything_goes_on_and_every_202_has_its_row_and_its_mail(
    disk: SmallDisk, tmp_path: Path
) -> None:
    async with filled(disk, tmp_path) as (service, sink, load):
        assert await _events(service) == load.accepted
        disk.make_room(service)
        async with asyncio.timeout(5):
            await _until_accepted(load)
        ready = await _ready(service)
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "reasons": []})
        sink.open_gate()
        events = await _events(service)
        assert events == load.accepted
        assert len(load.refused) >= 3
        deliveries = await service.deliveries()
        ended = await service.until_ended([one["id"] for one in deliveries])
        assert {one["state"] for one in ended} == {"sent"}
        assert sorted(mail.to for mail in sink.taken) == sorted(one["recipient"] for one in ended)
        assert len(ended) == len(events)
        assert await service.stop() == 0
