"""Work on its way to the writer: what waits for company, and what does not."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import sentinel

import pytest

from notifier.model.deliveries import Outcome, OutcomeKind, Settled
from notifier.store.inbox import Inbox, Job, Record, Settle, Work

LONG = 3600.0
"""With this much patience only being woken ends a wait within the test's time."""


@pytest.fixture(name="future")
async def _future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


def _settle(future: "asyncio.Future[None]", number: int = 1) -> Settle:
    return Settle(future, Settled(number, 1, Outcome(OutcomeKind.SENT), None))


def _job(*, patient: bool = False) -> Job:
    return Job(sentinel.future, lambda tx, tick: None, patient)


async def test_a_settle_leaves_with_the_call_that_comes_after_it(
    future: "asyncio.Future[None]",
) -> None:
    inbox = Inbox()
    settle, record = _settle(future), Record(sentinel.future, sentinel.call)
    inbox.put(settle)
    inbox.put(record)
    assert inbox.take(None) == [settle, record]


async def test_a_settle_that_stays_alone_leaves_alone(future: "asyncio.Future[None]") -> None:
    inbox = Inbox()
    inbox.put(settle := _settle(future))
    assert inbox.take(None) == [settle]


@pytest.mark.parametrize("first", ["settle", "patient"])
async def test_what_waits_for_company_is_woken_by_it(
    first: str, future: "asyncio.Future[None]"
) -> None:
    inbox = Inbox(patience=LONG)
    waiting: Work = _settle(future) if first == "settle" else _job(patient=True)
    urgent = _job()
    inbox.put(waiting)
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(inbox.take, None)
        inbox.put(urgent)
        assert taken.result(60) == [waiting, urgent]


async def test_enough_settles_are_company_for_one_another(future: "asyncio.Future[None]") -> None:
    inbox = Inbox(patience=LONG)
    settles = [_settle(future, number) for number in range(32)]
    for settle in settles:
        inbox.put(settle)
    assert inbox.take(None) == settles


async def test_as_many_calls_as_came_before_are_waited_for() -> None:
    inbox = Inbox(gathering=LONG)
    records = [Record(sentinel.future, sentinel.call) for _ in range(5)]
    inbox.put(records[0])
    inbox.put(records[1])
    assert inbox.take(None) == records[:2]
    with ThreadPoolExecutor(1) as threads:
        inbox.put(records[2])
        taken = threads.submit(inbox.take, None)
        inbox.put(records[3])
        assert taken.result(60) == records[2:4]


async def test_calls_under_load_leave_together_when_there_are_enough() -> None:
    inbox = Inbox(gathering=LONG)
    records = [Record(sentinel.future, sentinel.call) for _ in range(80)]
    for record in records[:48]:
        inbox.put(record)
    assert inbox.take(None) == records[:48]
    # Thirty-two are company enough, however many came before.
    for record in records[48:]:
        inbox.put(record)
    assert inbox.take(None) == records[48:]


async def test_a_call_that_comes_alone_never_waits() -> None:
    inbox = Inbox(patience=LONG, gathering=LONG)
    record = Record(sentinel.future, sentinel.call)
    inbox.put(record)
    assert inbox.take(None) == [record]


async def test_closing_wakes_what_waits(future: "asyncio.Future[None]") -> None:
    inbox = Inbox(patience=LONG)
    inbox.put(settle := _settle(future))
    closing = threading.Timer(0, inbox.close)
    closing.start()
    assert inbox.take(None) == [settle]
    closing.join()
    assert inbox.take(None) is None
