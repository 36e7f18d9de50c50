"""A full disk, again and again: never a false 202, nothing sent, and then on as before."""

import asyncio
import time
from pathlib import Path

from tests.integration.full_disk import Load, on_disk, ready_answer, stored_calls
from tests.integration.small_disk import SmallDisk, disks
from tests.service import Service
from tests.smtp_sink import SmtpSink
from tests.torture.harness import SABOTAGE, SHIM, Harness, Job, Size

_BACK = 5
"""Seconds from free space to the first 202."""


async def _run(job: Job) -> None:
    kinds = disks()
    for number in range(job.sizes["cycles"]):
        disk, folder = kinds[number % len(kinds)], job.folder / str(number)
        folder.mkdir()
        await _cycle(job, disk, folder)
        job.count("cycles")
        if number % 5 == 4:
            job.say(f"{number + 1} disks were full")


async def _cycle(job: Job, disk: SmallDisk, folder: Path) -> None:
    module, planted = (SHIM, {SABOTAGE: job.sabotage}) if job.sabotage else (None, {})
    async with on_disk(disk, folder, module, **planted) as (service, sink, load):
        try:
            await load.fill()
        except AssertionError as error:
            job.find("endless", str(error))
        await _while_full(job, service, sink, load)
        disk.make_room(service)
        began = time.monotonic()
        try:
            async with asyncio.timeout(_BACK):
                await load.until_accepted()
        except TimeoutError:
            job.find("late", f"nothing was accepted within {_BACK} s of the disk having room again")
            return
        back = round(time.monotonic() - began, 2)
        job.figures["slowest_back"] = max(job.figures.get("slowest_back", 0), back)
        sink.open_gate()
        await _at_the_end(job, service, sink, load)
        job.read_log(service)


async def _while_full(job: Job, service: Service, sink: SmtpSink, load: Load) -> None:
    await _judge_rows(job, service, load)
    for _ in range(3):
        status = (await load.post()).status_code
        job.count(f"while_full_{status}")
        if status not in (202, 503):
            job.find("other", f"a call on a full disk was answered {status}")
    ready = await ready_answer(service)
    if ready.status_code != 503:
        job.find("other", f"on a full disk it says it is ready: {ready.text}")
    sink.let_one_in()
    await sink.wait_for(lambda sink: bool(sink.broken_off or sink.taken))
    if sink.taken:
        job.find("sent", "a mail was sent whose outcome could not be kept")


async def _at_the_end(job: Job, service: Service, sink: SmtpSink, load: Load) -> None:
    await _judge_rows(job, service, load)
    ended = await service.until_ended([one["id"] for one in await service.deliveries()])
    unsent = [one for one in ended if one["state"] != "sent"]
    if unsent:
        job.find("lost", f"{len(unsent)} deliveries ended otherwise than sent: {unsent[0]}")
    arrived = sorted(mail.to for mail in sink.taken)
    if arrived != sorted(one["recipient"] for one in ended):
        job.find("lost", f"{len(arrived)} mails arrived for {len(ended)} deliveries")
    job.count("accepted", len(load.accepted))
    job.count("refused", len(load.refused))


async def _judge_rows(job: Job, service: Service, load: Load) -> None:
    stored = await stored_calls(service)
    for key in sorted(load.accepted - stored):
        job.find("false_202", f"{key} was answered 202 and is not in the store")


HARNESS = Harness(
    name="disk",
    says="a full disk: 503 and never a false 202, nothing is sent, and back within 5 s of room",
    run=_run,
    sizes={"cycles": Size(40, 2, "how often the disk is filled, on each kind of disk in turn")},
    faults={
        "false_202": "what was answered 202 is not in the store",
        "endless": "more was accepted than fits on the disk",
        "other": "a full disk was answered otherwise than by 503",
        "sent": "a mail was sent whose outcome could not be kept",
        "late": "it did not come back when there was room",
        "lost": "what was accepted was not sent once there was room",
    },
    reaches={"cycles": "cycles"},
    sabotages=("accept-without-storing",),
)
