import asyncio
import itertools
import time
from collections.abc import Callable

import pytest

from notifier.clock import SystemClock
from notifier.model.times import Clock, Instant
from tests.fake_clock import FakeClock


def test_the_clock_begins_at_the_wall_clock() -> None:
    before = time.time_ns() // 1_000_000
    now = SystemClock().now()
    after = time.time_ns() // 1_000_000
    assert before - 1 <= now <= after + 1


def test_the_wall_clock_is_the_machines() -> None:
    before = time.time_ns() // 1_000_000
    wall = SystemClock().wall()
    assert before <= wall <= time.time_ns() // 1_000_000


def test_the_clock_never_runs_backwards() -> None:
    clock = SystemClock()
    instants = [clock.now() for _ in range(10_000)]
    assert instants == sorted(instants)


async def test_a_sleep_never_ends_too_early() -> None:
    clock = SystemClock()
    for duration in (1, 2, 3):
        before = clock.now()
        await clock.sleep(duration)
        assert clock.now() - before >= duration


class EarlyLoop(asyncio.SelectorEventLoop):
    """Its timers are two milliseconds early."""

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: object = None
    ) -> asyncio.TimerHandle:
        return super().call_at(when - 0.002, callback, *args)


def test_a_sleep_makes_up_for_early_timers() -> None:
    async def nap() -> int:
        clock = SystemClock()
        before = clock.now()
        await clock.sleep(10)
        return clock.now() - before

    with asyncio.Runner(loop_factory=EarlyLoop) as runner:
        assert runner.run(nap()) >= 10


async def test_no_time_and_less_pass_at_once() -> None:
    clock: Clock = SystemClock()
    await clock.sleep(0)
    await clock.sleep(-5)


async def test_the_fake_clock_wakes_sleepers_in_order_of_time() -> None:
    clock = FakeClock(1000)
    woken: list[tuple[Instant, str]] = []

    async def nothing() -> None:
        pass

    async def sleeper(name: str, duration: int, times: int = 1) -> None:
        for _ in range(times):
            await clock.sleep(duration)
            woken.append((clock.now(), name))

    async with asyncio.TaskGroup() as group:
        late = group.create_task(sleeper("late", 900))
        group.create_task(sleeper("often", 20, times=3))
        group.create_task(sleeper("once", 50))
        await clock.advance_to(1055, nothing)
        assert woken == [(1020, "often"), (1040, "often"), (1050, "once")]
        assert clock.now() == 1055
        late.cancel()
        await clock.advance_to(2000, nothing)
    assert woken[3:] == [(1060, "often")]
    assert clock.now() == 2000


async def test_the_fake_clock_waits_until_nothing_more_happens() -> None:
    clock = FakeClock(0)
    links = 0

    async def progress() -> object:
        nonlocal links
        links = min(links + 1, 50)
        return links

    await clock.advance_to(1, progress)
    assert links == 50


async def test_the_fake_clock_gives_up_on_what_never_rests() -> None:
    numbers = itertools.count()

    async def restless() -> object:
        return next(numbers)

    with pytest.raises(AssertionError, match="never comes to rest"):
        await FakeClock(0).rest(restless)
