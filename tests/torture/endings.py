"""Waiting until a service has told everybody, and what its store says of each delivery then."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw

from notifier.model import ids
from tests.service import Service
from tests.torture.harness import Job

_LOOK = 0.05


def open_states(wait_out: int) -> Sequence[str]:
    """Give the states to wait for the end of.

    What has no answer waits, a mail for its repeat, a text for its deadline; only a long run waits
    for that too.
    """
    return ["pending", "sending", *(["unknown"] if wait_out else [])]


async def until_ended(job: Job, service: Service, states: Sequence[str]) -> None:
    """Wait until no delivery is open; what is open after the job's patience is for the oracles."""
    try:
        async with asyncio.timeout(job.sizes["patience"]):
            while True:
                page = await service.get("/v1/deliveries", state=list(states), limit="1")
                if not page["items"]:
                    return
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        job.say("some deliveries are still open")


class Ended(NamedTuple):
    """A delivery as the store has it."""

    id: str
    channel: str
    state: str
    reason: str | None


def deliveries(path: Path) -> Iterator[Ended]:
    """Read every delivery of a store that nobody serves."""
    opened = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        for row in opened.execute("SELECT id, channel, state, reason FROM delivery ORDER BY id"):
            number, *rest = row
            yield Ended(ids.public("dlv", int(str(number))), *rest)
    finally:
        opened.close()
