"""Calls at given times over kept connections: what wrk cannot do.

Takes whole HTTP requests, gives their latencies. Refuses (BenchError) any answer but 202.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Self

from bench.processes import BenchError

_ACCEPTED = b"HTTP/1.1 202"
_LENGTH = b"content-length: "


class Caller:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        """Nothing is opened yet."""
        self._port = port

    async def __aenter__(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        """Close."""
        self._writer.close()

    async def post(self, request: bytes) -> None:
        """Send a request and read its answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(_ACCEPTED):
            raise BenchError(f"the answer was {head.splitlines()[0].decode(errors='replace')}")
        _, _, rest = head.lower().partition(_LENGTH)
        if length := int(rest.split(b"\r\n")[0] or 0):
            await self._reader.readexactly(length)


async def open_loop(port: int, requests: Sequence[bytes], rate: float, width: int) -> list[float]:
    """Send requests at a steady rate, whatever the answers take; give latencies in seconds.

    A latency counts from when the call was due, so that no wait hides another.
    """
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    latencies: list[float] = []

    async def work(caller: Caller) -> None:
        while True:
            due, request = await waiting.get()
            await caller.post(request)
            latencies.append(time.perf_counter() - due)
            waiting.task_done()

    callers = [await Caller(port).__aenter__() for _ in range(width)]
    workers = [asyncio.create_task(work(caller)) for caller in callers]
    start = time.perf_counter()
    for number, request in enumerate(requests):
        due = start + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        waiting.put_nowait((due, request))
    ended = asyncio.create_task(waiting.join())
    await asyncio.wait({ended, *workers}, return_when=asyncio.FIRST_COMPLETED)
    for worker in workers:
        if worker.done():
            worker.result()
        worker.cancel()
    for caller in callers:
        await caller.__aexit__()
    return latencies
