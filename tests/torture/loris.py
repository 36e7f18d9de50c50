"""Slow-loris: hundreds of callers who never finish, while honest calls are answered as always."""

import asyncio
import math
import random
import time
from collections.abc import Sequence

from tests.caller import Caller, signed_call
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink
from tests.torture import process
from tests.torture.harness import SHIM, Harness, Job, Size
from tests.torture.sabotaged_service import DEADLINES

_START = b"POST /webhooks HTTP/1.1\r\nHost: example.com\r\n"
_LENGTH = _START + b"Content-Length: 1000\r\n\r\n{"
_CHUNKED = _START + b"Transfer-Encoding: chunked\r\n\r\n"

SHAPES = {
    "silent": (b"", b"", False),
    "half a header": (_START, b"", False),
    "dripping header": (_START + b"X-Slow: ", b"x", False),
    "half a body": (_LENGTH, b"", True),
    "dripping body": (_LENGTH, b"x", True),
    "dripping chunks": (_CHUNKED, b"1\r\nx\r\n", True),
}
"""What a caller begins with, what he says again and again, and whether his headers are whole."""

_HONEST = 8
_WORST = 5
"""Seconds within which an honest call is answered, whatever else goes on."""


async def _run(job: Job) -> None:
    async with SmtpSink() as sink:
        service = Service(job.folder, sink.port, RATE_LIMIT_EMAIL="")
        header, body = job.sizes["header_ms"], job.sizes["body_ms"]
        module = "notifier"
        if (header, body) != (HARNESS.sizes["header_ms"].full, HARNESS.sizes["body_ms"].full):
            module, service.environment[DEADLINES] = SHIM, f"{header} {body}"
        try:
            await job.start(service, module=module)
            await _attack(job, service)
            job.read_log(service)
            assert await service.stop() == 0
        finally:
            await service.close()


async def _attack(job: Job, service: Service) -> None:
    assert service.process is not None
    pid = service.process.pid
    before = process.resident(pid)
    kinds = list(SHAPES)
    attacks = [
        asyncio.ensure_future(_loris(job, service, kinds[number % len(kinds)]))
        for number in range(job.sizes["slow"])
    ]
    took = await _honest(job, service, attacks)
    grown = process.resident(pid) - before
    await asyncio.gather(*attacks)
    took.sort()
    job.figures |= {
        "honest_p50_ms": took[len(took) // 2],
        "honest_p99_ms": took[math.ceil(len(took) * 0.99) - 1],
        "memory_kib_grown": grown,
    }
    if grown > job.sizes["growth_kib"]:
        job.find("leaking", f"memory grew by {grown} KiB for {len(attacks)} slow callers")


async def _honest(
    job: Job, service: Service, attacks: Sequence["asyncio.Task[None]"]
) -> list[float]:
    """Post all the while, on fresh connections; give what each call took, in milliseconds."""
    took: list[float] = []
    posted = 0
    while posted < job.sizes["honest"] or not all(attack.done() for attack in attacks):
        numbers = range(posted, posted + _HONEST)
        took += await asyncio.gather(*(_post(job, service, number) for number in numbers))
        posted += _HONEST
        # Honest callers are few; they do not make up the load.
        await asyncio.sleep(0.05)
    return took


async def _post(job: Job, service: Service, number: int) -> float:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_WORST):
            caller = await Caller.to(service)
            caller.write(signed_call(assigned(number, f"p{number}@example.com"), f"call-{number}"))
            status, body = await caller.answer()
            caller.hang_up()
        if status != 202:
            job.find("unanswered", f"an honest call was answered {status}: {body[:300]!r}")
    except (OSError, EOFError) as error:
        job.find("unanswered", f"an honest call got no answer in {_WORST} s: {error!r}")
    job.count("honest")
    return round((time.monotonic() - began) * 1000, 1)


async def _loris(job: Job, service: Service, kind: str) -> None:
    first, drip, in_body = SHAPES[kind]
    deadline = job.sizes["body_ms" if in_body else "header_ms"] / 1000
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    job.count("slow")
    writer.write(first)
    dripping = asyncio.ensure_future(_drip(writer, drip, deadline, random.Random(job.seed)))
    try:
        # A late body is answered 408 before the connection is closed.
        async with asyncio.timeout(deadline + job.sizes["slack_ms"] / 1000):
            said = await reader.read()
        if said and not (in_body and said.startswith(b"HTTP/1.1 408 ")):
            job.find("wrong", f"{kind}: the answer is {said[:100]!r}")
    except ConnectionError:
        # Hung up while we were speaking.
        job.count("reset")
    except TimeoutError:
        job.find("endless", f"{kind}: still connected {job.sizes['slack_ms']} ms past the deadline")
    finally:
        dripping.cancel()
        writer.close()


async def _drip(
    writer: asyncio.StreamWriter, piece: bytes, deadline: float, chance: random.Random
) -> None:
    while piece and not writer.is_closing():
        await asyncio.sleep(deadline / 10 * (0.5 + chance.random()))
        writer.write(piece)


HARNESS = Harness(
    name="loris",
    says="hundreds of callers who never finish: hung up on in time, honest calls are answered",
    run=_run,
    sizes={
        "slow": Size(500, 120, "how many slow callers there are, of six kinds"),
        "honest": Size(500, 50, "how many honest calls are made at least"),
        "header_ms": Size(5_000, 500, "the deadline of headers; the full one is the service's"),
        "body_ms": Size(10_000, 1_000, "the deadline of bodies; the full one is the service's"),
        "slack_ms": Size(5_000, 5_000, "how much later the end is still in time"),
        "growth_kib": Size(20_480, 20_480, "how much memory may grow meanwhile"),
    },
    faults={
        "endless": "a slow caller was not hung up on",
        "unanswered": "an honest call was not answered",
        "wrong": "a slow caller was answered otherwise than by 408",
        "leaking": "memory grew by too much",
    },
    reaches={"slow": "slow", "honest": "honest"},
    sabotages=("no-deadlines",),
)
