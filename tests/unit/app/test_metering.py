import asyncio
import json
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from notifier import __version__
from notifier.app.metering import Exposition, Meters
from notifier.demo.catcher import Catcher
from notifier.model.errors import StoreFailed
from notifier.model.times import HOUR, SECOND
from notifier.rendering import sms
from notifier.sources import headers
from notifier.store.base import Backlog
from tests.fake_clock import FakeClock
from tests.service import SECRET, assigned
from tests.unit.app.running import in_folder, served
from tests.unit.app.test_building import RELAY, get

NOW = 1_795_424_400_000

FAMILIES = {
    "notifier_events",
    "notifier_refused",
    "notifier_attempts",
    "notifier_accept_to_sent_seconds",
    "notifier_limiter_holds",
    "notifier_pending",
    "notifier_oldest_pending_seconds",
    "notifier_breaker_open",
    "notifier_store_fault",
    "notifier_store_tick_size",
    "notifier_store_tick_seconds",
    "notifier_event_loop_lag_seconds",
    "notifier_build_info",
}

LABELS = {"source", "type", "status", "cause", "channel", "outcome", "reason", "le"}

Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: bytes) -> Series:
    """Give every sample of an exposition by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def of(series: Series, name: str, **labels: str) -> float | None:
    return series.get((f"notifier_{name}", frozenset(labels.items())))


@dataclass
class Neighbours:
    """A store and a dispatcher, as far as they are asked."""

    fault: str | None = None
    waiting: dict[str, tuple[int, int]] = field(default_factory=dict)
    broken: bool = False
    open: dict[str, bool] = field(default_factory=lambda: {"email": False, "sms": False})
    asked: int = 0

    async def backlog(self) -> Backlog:
        self.asked += 1
        if self.broken:
            raise StoreFailed("no")
        return Backlog(self.fault, self.waiting)

    async def settle(self) -> None:
        """Nothing happens elsewhere."""

    def breakers(self) -> Mapping[str, bool]:
        return self.open


class Scene:
    def __init__(self, **given: object) -> None:
        self.clock = FakeClock(NOW)
        self.meters = Meters(("email", "sms"))
        self.there = Neighbours(**given)  # type: ignore[arg-type]
        self.exposition = Exposition(self.meters, self.there, self.there, self.clock)

    async def series(self) -> Series:
        return read(await self.exposition.read())


async def test_what_waits_and_what_is_down_is_asked_when_it_is_read() -> None:
    scene = Scene(waiting={"email": (3, NOW - 90 * SECOND)}, open={"email": True, "sms": False})
    series = await scene.series()
    assert of(series, "pending", channel="email") == 3
    assert of(series, "pending", channel="sms") == 0
    assert of(series, "oldest_pending_seconds", channel="email") == 90
    assert of(series, "oldest_pending_seconds", channel="sms") == 0
    assert of(series, "breaker_open", channel="email") == 1
    assert of(series, "breaker_open", channel="sms") == 0
    assert of(series, "store_fault") == 0


@pytest.mark.parametrize("trouble", [{"fault": "disk full"}, {"broken": True}], ids=str)
async def test_a_store_in_trouble_shows(trouble: dict[str, object]) -> None:
    assert of(await Scene(**trouble).series(), "store_fault") == 1


async def test_reading_often_asks_the_store_once_a_second() -> None:
    scene = Scene()
    await asyncio.gather(*(scene.exposition.read() for _ in range(5)))
    assert scene.there.asked == 1
    scene.there.waiting = {"sms": (1, NOW)}
    await scene.clock.advance_to(NOW + SECOND, scene.there.settle)
    assert of(await scene.series(), "pending", channel="sms") == 1
    assert scene.there.asked == 2


async def test_what_waited_on_a_channel_that_is_off_ends_with_a_zero() -> None:
    scene = Scene(waiting={"sms": (1, NOW)}, open={"email": False})
    assert of(await scene.series(), "pending", channel="sms") == 1
    scene.there.waiting = {}
    await scene.clock.advance_to(NOW + SECOND, scene.there.settle)
    series = await scene.series()
    assert of(series, "pending", channel="sms") == 0
    assert of(series, "oldest_pending_seconds", channel="sms") == 0


async def test_each_thing_is_counted_where_it_belongs() -> None:
    scene = Scene()
    meters = scene.meters
    for _ in range(2):
        meters.received("default", "ticket.assigned", "accepted")
    meters.refused("bad_signature")
    meters.attempted("email", "sent", "")
    meters.attempted("email", "failed", "bad_mailbox")
    meters.sent("email", [40, 2 * HOUR])
    meters.held("sms", 3)
    series = await scene.series()
    assert (
        of(series, "events_total", source="default", type="ticket.assigned", status="accepted") == 2
    )
    assert of(series, "refused_total", cause="bad_signature") == 1
    assert of(series, "attempts_total", channel="email", outcome="sent", reason="") == 1
    failed = {"channel": "email", "outcome": "failed", "reason": "bad_mailbox"}
    assert of(series, "attempts_total", **failed) == 1
    assert of(series, "limiter_holds_total", channel="sms") == 3
    assert of(series, "limiter_holds_total", channel="email") == 0
    latency = "accept_to_sent_seconds"
    assert of(series, f"{latency}_bucket", channel="email", le="0.05") == 1
    assert of(series, f"{latency}_bucket", channel="email", le="3600.0") == 1
    assert of(series, f"{latency}_bucket", channel="email", le="21600.0") == 2
    assert of(series, f"{latency}_sum", channel="email") == 7200.04
    assert of(series, f"{latency}_count", channel="sms") == 0


async def test_a_transaction_is_timed_unless_it_fails() -> None:
    scene = Scene()
    with scene.meters.ticking(5):
        pass
    with pytest.raises(OSError, match="disk"), scene.meters.ticking(7):
        raise OSError("disk")
    series = await scene.series()
    assert of(series, "store_tick_size_sum") == 5
    assert of(series, "store_tick_seconds_count") == 1


async def test_the_lag_of_the_loop_is_measured() -> None:
    scene, asked = Scene(), list[float]()

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await scene.meters.watch_loop(sleep)
    series = await scene.series()
    assert asked == [0.25] * 3
    # Coming back too early is no lag.
    assert of(series, "event_loop_lag_seconds_bucket", le="0.001") == 2
    assert of(series, "event_loop_lag_seconds_sum") == 0


# -- the service ---------------------------------------------------------------------------------


async def call(url: str, number: int, event: object, secret: str = SECRET) -> int:
    body = json.dumps(event).encode()
    signed = headers.signed(secret, f"msg-{number}", int(time.time()), body)
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        return (await client.post(f"{url}/webhooks", content=body, headers=signed)).status_code


def calls() -> Iterable[tuple[int, object, str]]:
    """Give calls with their expected effect on the metrics of the test below."""
    other = "whsec_" + "b3RoZXItb3RoZXItb3RoZXItb3RoZXItb3RoZXI="
    first = assigned(1, "john@example.com")
    yield 1, first, SECRET
    yield 1, first, SECRET
    yield 1, assigned(2, "john@example.com"), SECRET
    yield 2, first, other
    yield 3, {**first, "type": "ticket.canary-of-a-type"}, SECRET
    yield 4, {**first, "type": 5}, SECRET
    for number in range(5, 7):
        yield number, assigned(number, "john@example.com"), SECRET


async def test_the_metrics_of_a_running_service(tmp_path: Path) -> None:
    answer = await _told(tmp_path)
    text = answer.content
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    series = read(text)
    events = {"source": "default", "type": "ticket.assigned"}
    assert of(series, "events_total", **events, status="accepted") == 3
    assert of(series, "events_total", **events, status="duplicate") == 1
    assert of(series, "events_total", source="default", type="other", status="ignored") == 1
    causes = ("bad_signature", "wrong_shape", "conflict", "not_found")
    assert [of(series, "refused_total", cause=one) for one in causes] == [1, 1, 1, 1]
    assert of(series, "attempts_total", channel="email", outcome="sent", reason="") == 2
    assert of(series, "accept_to_sent_seconds_count", channel="email") == 2
    assert of(series, "pending", channel="email") == 1
    assert of(series, "limiter_holds_total", channel="email") == 1
    assert (of(series, "store_tick_size_sum") or 0) >= 5
    build = {"version": __version__, "python": platform.python_version()}
    assert of(series, "build_info", **build) == 1
    assert {label for _, labels in series for label, _ in labels} - {"version", "python"} <= LABELS
    families = {family.name for family in text_string_to_metric_families(text.decode())}
    assert {name for name in families if name.startswith("notifier_")} == FAMILIES
    planted = (b"example.com", b"John", b"Printer", b"canary", SECRET.encode())
    assert not [one for one in planted if one in text]


async def _told(folder: Path) -> httpx2.Response:
    """Let a service take every call of `calls` and send what it may; give its metrics."""
    *others, last = calls()
    async with Catcher(sms.count) as catcher:
        given = RELAY | {"SMTP_PORT": str(catcher.smtp_port), "RATE_LIMIT_EMAIL": "2/1h"}
        async with served(in_folder(folder, **given)) as (_, service):
            answers = [await call(service.url, *one) for one in others]
            # Two mails use the limit up; only what comes after them is held, and not before.
            await _until_sent(service.url, 2)
            answers.append(await call(service.url, *last))
            await get(service.url, "/nowhere")
            answer = await get(service.url, "/metrics")
    assert answers == [202, 200, 409, 401, 202, 422, 202, 202]
    return answer


async def _until_sent(url: str, count: int) -> None:
    async with asyncio.timeout(60):
        while len((await get(url, "/v1/deliveries?state=sent")).json()["items"]) < count:
            pass


async def test_what_the_protocol_refuses_is_counted_too(tmp_path: Path) -> None:
    async with served(in_folder(tmp_path)) as (_, service):
        host, port = service.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"this is not HTTP\r\n\r\n")
        said = await reader.read()
        writer.close()
        series = read((await get(service.url, "/metrics")).content)
    assert said.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nx-request-id: req_" in said
    assert of(series, "refused_total", cause="bad_request") == 1
