"""Power-loss images: the disk as it may be found at any step of a recorded run, opened again.

Each image is opened by the shipped code (checked, migrated, recovered) and must hold, whole and
undamaged, every row that was answered 202 before. A control run with `synchronous=NORMAL`, which
promises less, must lose some: otherwise the harness would see nothing.
"""

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from notifier.dispatch.batching import LaneRules
from notifier.model.errors import StoreError
from notifier.model.ids import IdMaker
from notifier.store import connection, migrate, statements, upkeep
from notifier.store.base import Unmetered
from notifier.store.context import Context
from notifier.store.transaction import Transaction
from tests.caller import call_together
from tests.fake_clock import FakeClock
from tests.integration.observers import observers
from tests.integration.write_trace import Answers, Step
from tests.service import Service
from tests.smtp_sink import SmtpSink
from tests.store_harness import LIMITS, OPTIONS
from tests.torture.disk_model import Disk
from tests.torture.harness import Harness, Job, Size

_CALLERS = 16
_LAZY = "synchronous-normal"
_CONTROL = "control"
_SAID_EVERY = 1000


@dataclass(frozen=True, slots=True)
class Recording:
    """The steps of one run, and its calls by their events."""

    steps: Sequence[Step]
    calls: dict[str, str]


async def _run(job: Job) -> None:
    images, recordings = job.sizes["images"], job.sizes["recordings"]
    for number in range(recordings):
        recording = await _record(job, f"run-{number}", job.sabotage)
        share = images * (number + 1) // recordings - images * number // recordings
        _judge(job, recording, share, "lost")
    control = await _record(job, _CONTROL, _LAZY)
    _judge(job, control, job.sizes["control"], "control_lost")
    if not job.figures.get("control_lost"):
        job.find("blind", "the control run with synchronous=NORMAL lost nothing")


async def _record(job: Job, name: str, sabotage: str | None) -> Recording:
    folder = job.folder / name
    folder.mkdir()
    # The first of them: strace where it may trace, else the shim.
    observer, trace = observers()[0], folder / "trace"
    planted = job.planted(sabotage)
    async with SmtpSink() as sink:
        service = Service(folder, sink.port, RATE_LIMIT_EMAIL="")
        before, module = observer.under(service, trace)
        try:
            await planted.start(service, *before, module=module)
            # The control run has to lose something, not to be long.
            rounds = -(-job.sizes["calls"] // _CALLERS // (4 if name == _CONTROL else 1))
            calls = await call_together(service, _CALLERS, rounds)
            await sink.wait_for(lambda sink: len(sink.taken) >= len(calls))
            job.read_log(service)
        finally:
            await service.close()
    steps = list(observer.read(trace))
    trace.unlink()
    job.say(f"{name}: {len(calls)} calls, {len(steps)} steps")
    return Recording(steps, calls)


def _judge(job: Job, recording: Recording, images: int, fault: str) -> None:
    chance = random.Random(f"{fault} {job.seed}")
    disk, answers, answered = Disk(), Answers(recording.calls), set[str]()
    cuts = iter(_cuts(recording, images, chance))
    cut = next(cuts, None)
    for number, step in enumerate(recording.steps):
        while cut == number:
            _judge_image(job, disk.image(chance), answered, fault)
            cut = next(cuts, None)
        if answered and (step.what, step.where) == ("sync-done", "db"):
            job.count("checkpoints" if fault == "lost" else "control_checkpoints")
        if step.what == "answer":
            answered |= set(answers.given(number, step))
        else:
            disk.follow(step)


def _cuts(recording: Recording, images: int, chance: random.Random) -> list[int]:
    """Choose where the power fails: anywhere, right after an answer, or within a checkpoint."""
    steps = recording.steps
    answers = [number for number, step in enumerate(steps) if b"HTTP/1.1 202 " in step.data]
    assert answers, "no answer was seen"
    after = range(answers[0], len(steps))
    kinds = [after, answers, [number for number in after if steps[number].where == "db"] or answers]
    return sorted(
        min(chance.choice(chance.choice(kinds)) + chance.randrange(3), len(steps) - 1)
        for _ in range(images)
    )


def _judge_image(job: Job, image: dict[str, bytes], answered: set[str], fault: str) -> None:
    count = "images" if fault == "lost" else "control_images"
    path = job.folder / "image" / "notifier.db"
    path.parent.mkdir(exist_ok=True)
    for name, suffix in (("db", ""), ("wal", "-wal")):
        Path(f"{path}{suffix}").write_bytes(image[name])
    try:
        found = _survivors(path)
    except (StoreError, apsw.Error) as error:
        job.find("damaged", f"image {job.figures.get(count, 0):g}: {error}")
        found = answered
    job.count(count)
    missing = answered - found
    if missing and fault == "lost":
        shown = ", ".join(sorted(missing)[:5])
        job.find(fault, f"image {job.figures[count]:g} lacks {len(missing)} calls: {shown}")
    elif missing:
        job.count(fault)
    for file in path.parent.iterdir():
        file.unlink()
    if job.figures[count] % _SAID_EVERY == 0:
        job.say(f"{job.figures[count]:g} {count}, {time.process_time():.0f} s of work")


def _survivors(path: Path) -> set[str]:
    """Open a store as the service does; give the calls whose event and deliveries it holds."""
    connection.check(path)
    with _opened(path) as opened:
        migrate.apply(opened, migrate.shipped())
        tx = Transaction(opened, _TEXTS)
        now = _CLOCK.now()
        with opened:
            upkeep.recover(_CONTEXT, tx, now, ())
        whole = opened.pragma("integrity_check")
        if whole != "ok":
            raise StoreError(f"integrity_check says {whole}")
        rows = opened.execute(
            "SELECT webhook_id FROM event e WHERE type = 'ticket.assigned' AND body IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = e.id) "
            "AND EXISTS (SELECT 1 FROM seen s WHERE s.key = e.webhook_id)"
        )
        return {str(key) for (key,) in rows}


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    opened = connection.open_writer(path)
    try:
        yield opened
    finally:
        opened.close()


_CLOCK = FakeClock(4_000_000_000_000)
_CONTEXT = Context(OPTIONS, "images", IdMaker(_CLOCK), LaneRules(LIMITS).decide, Unmetered())
_TEXTS = statements.load()

HARNESS = Harness(
    name="images",
    says="power-loss images: no row that was answered 202 is lost, no image is damaged",
    run=_run,
    sizes={
        "images": Size(10_000, 500, "how many images are opened"),
        "recordings": Size(5, 1, "how many runs they are made from"),
        "calls": Size(1_000, 400, "how many webhooks each run answers"),
        "control": Size(500, 60, "how many images of the control run are opened"),
    },
    faults={
        "lost": "an image lacks a row that was answered 202",
        "damaged": "an image cannot be opened, or is not whole",
        "blind": "a store that promises less lost nothing either",
    },
    reaches={"images": "images", "checkpoints": "recordings"},
    sabotages=(_LAZY, "answer-before-the-commit"),
)
