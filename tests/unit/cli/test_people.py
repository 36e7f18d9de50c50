"""How long the command waits for an erasure."""

import httpx2

from notifier.cli import people
from notifier.cli.client import Client


async def test_an_erasure_may_take_as_long_as_a_large_store_needs() -> None:
    waited: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        waited.append(request.extensions["timeout"]["read"])
        return httpx2.Response(200, json={"erased": True})

    transport = httpx2.MockTransport(answer)
    async with httpx2.AsyncClient(
        base_url="http://127.0.0.1", transport=transport, timeout=30, trust_env=False
    ) as http:
        done = await people.erased(Client(http, offline=False), "ana")
    assert done == {"erased": True}
    assert waited == [3600]
