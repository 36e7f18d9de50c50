from dataclasses import dataclass, field

import pytest

from notifier.app.readiness import Watch
from notifier.model.errors import StoreFailed
from notifier.model.times import HOUR, Instant, from_text
from notifier.store.base import Health
from notifier.web.health import Readiness
from tests.fake_clock import FakeClock

NOON = from_text("2026-11-23T12:00:00Z")
TTL = {"email": 24 * HOUR, "sms": HOUR}


@dataclass
class StubStore:
    """Answers as it is told."""

    fault: str | None = None
    oldest: dict[str, Instant] = field(default_factory=dict)
    unreadable: bool = False
    trouble: tuple[str, ...] = ()

    async def health(self) -> Health:
        if self.unreadable:
            raise StoreFailed("the store cannot be read at present: disk I/O error")
        return Health(self.fault, self.oldest, self.trouble)


@dataclass
class StubDispatcher:
    """Has these channels down."""

    sentences: tuple[str, ...] = ()

    def down(self) -> tuple[str, ...]:
        return self.sentences


def watch(store: StubStore | None = None, *down: str, started: bool = True) -> Watch:
    found = Watch(store or StubStore(), StubDispatcher(down), TTL, FakeClock(NOON))
    found.started = started
    return found


async def test_it_is_ok_when_everything_is() -> None:
    assert await watch().readiness() == Readiness(True, "ok")


async def test_it_is_not_ready_while_it_starts() -> None:
    found = await watch(started=False).readiness()
    assert found == Readiness(False, "starting", ("The service is starting.",))


@pytest.mark.parametrize("started", [True, False])
async def test_it_is_not_ready_while_it_stops(started: bool) -> None:
    stopping = watch(started=started)
    stopping.stopping = True
    found = await stopping.readiness()
    assert found == Readiness(False, "stopping", ("The service is stopping.",))


async def test_it_is_not_ready_while_nothing_can_be_committed() -> None:
    found = await watch(StubStore(fault="database or disk is full"), "Email is down.").readiness()
    assert found == Readiness(
        False, "failed", ("Nothing can be committed: database or disk is full.",)
    )


async def test_a_store_that_cannot_be_asked_is_a_failed_one() -> None:
    found = await watch(StubStore(unreadable=True)).readiness()
    assert found == Readiness(
        False, "failed", ("the store cannot be read at present: disk I/O error",)
    )


async def test_a_channel_that_is_down_degrades_it_but_it_stays_ready() -> None:
    found = await watch(None, "Email is down.", "SMS is down.").readiness()
    assert found == Readiness(True, "degraded", ("Email is down.", "SMS is down."))


async def test_what_waits_longer_than_a_quarter_of_its_life_degrades_it() -> None:
    oldest = {"email": NOON - 6 * HOUR - 1, "sms": NOON - HOUR // 4 - 1}
    found = await watch(StubStore(oldest=oldest)).readiness()
    assert found == Readiness(
        True,
        "degraded",
        (
            "The oldest pending email waits since 2026-11-23T05:59:59.999Z.",
            "The oldest pending sms waits since 2026-11-23T11:44:59.999Z.",
        ),
    )


async def test_what_waits_less_or_on_an_unknown_channel_does_not() -> None:
    oldest = {"email": NOON - 6 * HOUR, "sms": NOON - HOUR // 4, "pigeon": 0}
    assert await watch(StubStore(oldest=oldest)).readiness() == Readiness(True, "ok")


async def test_trouble_that_stops_no_commit_degrades_it() -> None:
    found = await watch(StubStore(trouble=("The log is large.",))).readiness()
    assert found == Readiness(True, "degraded", ("The log is large.",))
