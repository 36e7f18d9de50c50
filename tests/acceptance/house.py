"""The service without its network: real parts under one set of settings and a fake clock.

Takes settings by the names that an operator writes, gives one process that can be killed.
Refuses settings that the service would refuse.
"""

import asyncio
import contextlib
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from notifier.app import channels
from notifier.channels.base import Channel
from notifier.dispatch.batching import LaneRules
from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.dispatcher import Dispatcher, Means
from notifier.intake import Intake
from notifier.model.events import Priority
from notifier.model.messages import Medium
from notifier.model.rates import Limits
from notifier.model.times import Clock
from notifier.planning.policy import Policy
from notifier.rendering.renderer import Renderer
from notifier.rendering.style import Style
from notifier.settings.settings import Settings, load
from notifier.sources.native import NativeSource
from notifier.sources.secrets import parse
from notifier.store.context import StoreOptions
from notifier.store.sqlite import SqliteStore
from tests.scripted_channel import ScriptedChannel
from tests.service import SECRET

CONFIGURED = {
    "WEBHOOK_SECRET": SECRET,
    "FROM_EMAIL": "desk@example.com",
    "SMTP_HOST": "mail.example.com",
    "SMTP_AUTH": "none",
    "ENABLE_SMS": "true",
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "1",
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_PHONE_NUMBER": "+14155550100",
}
"""Mails and text messages are on; every other setting has its default."""

_SMS_PLACES = 10


def settings(**given: str) -> Settings:
    """Give the settings of a story; whatever it does not name has its default."""
    return load({**CONFIGURED, **given}, Path(os.devnull))[0]


@dataclass(frozen=True, slots=True)
class World:
    """What outlives a process: the file, the time, chance, and the two providers."""

    file: Path
    clock: Clock
    jitter: Callable[[], float]
    email: ScriptedChannel
    sms: ScriptedChannel

    @classmethod
    def make(
        cls, folder: Path, clock: Clock, given: Settings, jitter: Callable[[], float]
    ) -> "World":
        """Give a world in which nothing has happened."""
        email = ScriptedChannel(clock, Medium.EMAIL, given.smtp_max_connections)
        return cls(
            folder / "notifier.db",
            clock,
            jitter,
            email,
            ScriptedChannel(clock, Medium.SMS, _SMS_PLACES),
        )


class House:
    """One process, joined as `notifier.app.building` joins it; it runs until it is killed."""

    def __init__(self, given: Settings, world: World, nonces: "count[int]") -> None:
        """Open the store, recover, begin to send. Needs a running loop."""
        renderer = _renderer(given)
        self.store = SqliteStore(
            world.file,
            _options(given, renderer.recipe),
            LaneRules(_limits(given)).decide,
            world.clock,
        )
        wires: dict[str, Channel] = {channels.EMAIL: world.email, channels.SMS: world.sms}
        self.credits = ChannelCredits({name: wire.about.places for name, wire in wires.items()})
        means = Means(world.clock, self.credits, world.jitter, lambda: f"nonce-{next(nonces)}")
        self.dispatcher = Dispatcher(self.store, wires, renderer.render, means)
        known = parse(given.webhook_secret.get_secret_value())
        source = NativeSource("default", known, given.signature_tolerance)
        self.intake = Intake({"default": source}, self.store, _policy(given), world.clock)
        self.store.open(self.credits, self.dispatcher)
        self._running = asyncio.create_task(self.dispatcher.run())

    async def kill(self) -> None:
        """End as a crash would, as far as the store can tell: what is in flight is not settled."""
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        await self.store.close()


@functools.cache
def _renderer(given: Settings) -> Renderer:
    return Renderer(_style(given))


def _limits(given: Settings) -> dict[str, Limits]:
    reserve = given.rate_limit_critical
    return {
        channels.EMAIL: Limits(given.rate_limit_email, reserve),
        channels.SMS: Limits(given.rate_limit_sms, reserve),
    }


def _options(given: Settings, recipe: str) -> StoreOptions:
    horizon = {
        name: max((window.length for window in (*one.normal, *one.reserve)), default=0)
        for name, one in _limits(given).items()
    }
    return StoreOptions(
        channels=(channels.EMAIL, channels.SMS),
        careful=frozenset({channels.SMS}),
        horizon=horizon,
        recipe=recipe,
        max_waiting=given.max_waiting,
    )


def _policy(given: Settings) -> Policy:
    return Policy(
        notify_self=given.notify_self,
        same_save_window=given.same_save_window,
        sms_min_rank=Priority(given.sms_min_priority).rank,
        default_region=given.default_region,
        ttl={channels.EMAIL: given.email_ttl, channels.SMS: given.sms_ttl},
        enabled=channels.enabled(given),
        configured=channels.configured(given),
    )


def _style(given: Settings) -> Style:
    return Style(
        from_email=given.sender or "desk@example.com",
        from_name=given.from_name,
        reply_to=given.reply_to,
        url_template=given.ticket_url_template,
        url_hosts=given.ticket_url_hosts,
        sms_max_segments=given.sms_max_segments,
        limits=_limits(given),
    )
