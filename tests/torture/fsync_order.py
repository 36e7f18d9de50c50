"""Every 202 follows the sync of its row, as a trace of all writes and syncs shows."""

from pathlib import Path

from tests.caller import call_together
from tests.integration.observers import observers
from tests.integration.write_trace import judge
from tests.service import Service
from tests.smtp_sink import SmtpSink
from tests.torture.harness import Harness, Job, Size

_CALLERS = 64


async def _run(job: Job) -> None:
    calls = job.sizes["calls"]
    callers = min(_CALLERS, calls)
    trace = job.folder / "trace"
    # The first of them: strace where it may trace, else the shim.
    observer = observers()[0]
    job.say(f"watched by {type(observer).__name__}")
    async with SmtpSink() as sink:
        # No mail is settled meanwhile, so that every sync is one of calls.
        sink.hold()
        service = Service(job.folder, sink.port, SHUTDOWN_GRACE="0s")
        before, module = observer.under(service, trace)
        try:
            await job.start(service, *before, module=module)
            answered = await call_together(service, callers, -(-calls // callers))
            job.read_log(service)
            await service.stop()
        finally:
            await service.close()
    _judge(job, trace, answered)


def _judge(job: Job, trace: Path, answered: dict[str, str]) -> None:
    verdict = judge(observers()[0].read(trace), answered)
    job.figures["calls"] = len(verdict.answered)
    job.figures["syncs"] = len(verdict.syncs)
    for call in sorted(set(answered.values()) - set(verdict.answered)):
        job.find("early", f"{call} was answered 202, and the trace does not show when")
    for call in verdict.too_early():
        job.find("early", f"{call} was answered 202 before a sync that covers its row had ended")


HARNESS = Harness(
    name="fsync-order",
    says="each 202 is written after the sync that covers its row, as the trace of a process shows",
    run=_run,
    sizes={"calls": Size(10_000, 640, "how many webhooks are posted, 64 at a time")},
    faults={"early": "a 202 was written before its row was on the disk"},
    reaches={"calls": "calls"},
    sabotages=("answer-before-the-commit", "synchronous-normal"),
)
