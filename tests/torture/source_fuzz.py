"""Fuzzing configured help desks: five of them in one service, and mutated calls to each."""

import random

from tests.service import Service
from tests.torture.fuzz import FAULTS, Counting, hammer
from tests.torture.harness import Harness, Job, Size
from tests.torture.source_calls import Calls, desks


async def _run(job: Job) -> None:
    found = desks()
    (job.folder / "notifier.toml").write_text("\n".join(one.table() for one in found))
    async with Counting() as sink:
        service = Service(job.folder, sink.port, RATE_LIMIT_EMAIL="", SMTP_MAX_CONNECTIONS="8")
        try:
            await job.start(service)
            calls = Calls(random.Random(f"source cases {job.seed}"), found)
            await hammer(job, service, iter(calls))
            assert await service.stop() == 0
        finally:
            await service.close()


HARNESS = Harness(
    name="source-fuzz",
    says="mutated calls to five configured help desks: no 5xx, no traceback, memory stays flat",
    run=_run,
    sizes={
        "calls": Size(200_000, 4_000, "how many calls are made"),
        "growth_kib": Size(8_192, 32_768, "how much memory may grow from the second quarter on"),
    },
    faults=FAULTS,
    reaches={"calls": "calls"},
    sabotages=("take-every-value-for-text", "keep-every-body"),
)
