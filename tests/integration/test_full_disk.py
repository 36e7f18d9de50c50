"""A disk that the load itself fills: never a false 202, nothing sent, and then on as before."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.integration.full_disk import filled, ready_answer, stored_calls
from tests.integration.small_disk import SmallDisk, disks

on_each_disk = pytest.mark.parametrize("disk", disks(), ids=lambda disk: type(disk).__name__)


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
            ready = await ready_answer(service)
            assert (ready.status_code, ready.json()["status"]) == (503, "failed")
        repeated = await load.repeat()
        assert repeated.status_code == 503, "what writes nothing proves no room"
        assert (await ready_answer(service)).status_code == 503
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
            while (await ready_answer(service)).status_code != 200:
                pass


@pytest.mark.fault("C1")
@on_each_disk
async def test_once_there_is_room_everything_goes_on_and_every_202_has_its_row_and_its_mail(
    disk: SmallDisk, tmp_path: Path
) -> None:
    async with filled(disk, tmp_path) as (service, sink, load):
        assert await stored_calls(service) == load.accepted
        disk.make_room(service)
        async with asyncio.timeout(5):
            await load.until_accepted()
        ready = await ready_answer(service)
        assert (ready.status_code, ready.json()) == (200, {"status": "ok", "reasons": []})
        sink.open_gate()
        events = await stored_calls(service)
        assert events == load.accepted
        assert len(load.refused) >= 3
        deliveries = await service.deliveries()
        ended = await service.until_ended([one["id"] for one in deliveries])
        assert {one["state"] for one in ended} == {"sent"}
        assert sorted(mail.to for mail in sink.taken) == sorted(one["recipient"] for one in ended)
        assert len(ended) == len(events)
        assert await service.stop() == 0
