"""202 means synced: seen from outside by strace, and from inside by a shim under SQLite."""

from pathlib import Path

import pytest

from tests.caller import call_together
from tests.integration.observers import Observer, observers
from tests.integration.write_trace import Step, judge
from tests.service import Service
from tests.smtp_sink import SmtpSink

CALLERS = 64
ROUNDS = 10


async def _observed(observer: Observer, folder: Path) -> tuple[list[Step], dict[str, str]]:
    trace = folder / "trace"
    async with SmtpSink() as sink:
        # No mail is settled meanwhile, so that every sync is one of calls.
        sink.hold()
        service = Service(folder, sink.port, SHUTDOWN_GRACE="0s")
        before, module = observer.under(service, trace)
        try:
            await service.start(*before, module=module)
            calls = await call_together(service, CALLERS, ROUNDS)
            assert await service.stop() == 0
        finally:
            await service.close()
    return list(observer.read(trace)), calls


@pytest.mark.fault("C8")
@pytest.mark.parametrize("observer", observers(), ids=lambda one: type(one).__name__)
async def test_every_202_follows_the_sync_of_its_row_and_syncs_are_shared(
    observer: Observer, tmp_path: Path
) -> None:
    steps, calls = await _observed(observer, tmp_path)
    verdict = judge(steps, calls)
    assert len(set(calls.values())) == CALLERS * ROUNDS
    assert set(verdict.answered) == set(calls.values())
    assert verdict.too_early() == []
    assert 0 < verdict.syncs_of_calls() < len(calls) / 2


HEAD, COMMIT = Step("2", "page", "wal", bytes(24)), Step("2", "page", "wal", b"\1" * 24)
PAGE, OTHER = (Step("2", "page", "wal", text) for text in (b"..call-00001..", b"...."))
BEGUN, DONE = (Step("2", what, "wal", b"") for what in ("sync-begun", "sync-done"))
ANSWER = Step("1", "answer", "socket:[1]", b'HTTP/1.1 202 Accepted\r\n\r\n{"event_id":"evt_1"}')


@pytest.mark.parametrize(
    ("steps", "early"),
    [
        ([HEAD, PAGE, COMMIT, OTHER, BEGUN, DONE, ANSWER], False),
        ([HEAD, PAGE, COMMIT, OTHER, BEGUN, ANSWER, DONE], True),
        ([HEAD, PAGE, COMMIT, OTHER, ANSWER, BEGUN, DONE], True),
        ([HEAD, PAGE, BEGUN, COMMIT, OTHER, DONE, ANSWER], True),
        ([HEAD, PAGE, BEGUN, DONE, ANSWER], True),
        ([BEGUN, DONE, COMMIT, PAGE, ANSWER], True),
    ],
    ids=["synced", "while it syncs", "before it", "later commit", "no commit", "never"],
)
def test_the_verdict_knows_an_answer_that_came_too_early(steps: list[Step], early: bool) -> None:
    assert judge(steps, {"evt_1": "call-00001"}).too_early() == ["call-00001"] * early
