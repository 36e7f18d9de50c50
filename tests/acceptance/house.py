"""The service without its network: real parts under one set of settings and a fake clock.

Takes settings by the names that an operator writes, gives one process that can be killed.
Refuses settings that the service would refuse.
"""

import asyncio
import contextlib
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from notifier.app import channels, translation
from notifier.channels.base import Channel
from notifier.dispatch.batching import LaneRules
from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.dispatcher import Dispatcher, Means
from notifier.intake import Intake
from notifier.model.deliveries import Batch
from notifier.model.messages import Medium, Message
from notifier.model.times import Clock
from notifier.rendering.renderer import Renderer
from notifier.settings.settings import Settings, load
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
    """What outlives a process: the file, the time, chance, the two providers, and bad templates."""

    file: Path
    clock: Clock
    jitter: Callable[[], float]
    email: ScriptedChannel
    sms: ScriptedChannel
    before_rendering: list[Callable[[Batch], None]] = field(default_factory=list)
    """Each is called with a batch that is about to be rendered; it may raise."""

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
        wires: dict[str, Channel] = {channels.EMAIL: world.email, channels.SMS: world.sms}
        self.store = SqliteStore(
            world.file,
            translation.options(given, wires, renderer.recipe),
            LaneRules(translation.limits(given)).decide,
            world.clock,
        )
        self.credits = ChannelCredits({name: wire.about.places for name, wire in wires.items()})
        means = Means(
            world.clock,
            self.credits,
            world.jitter,
            lambda: f"nonce-{next(nonces)}",
            renderer.recipe,
        )

        def render(batch: Batch, medium: Medium) -> Message:
            for hook in world.before_rendering:
                hook(batch)
            return renderer.render(batch, medium)

        self.dispatcher = Dispatcher(self.store, wires, render, means)
        self.desk = translation.sources(given)["default"]
        self.intake = Intake(self.store, translation.policy(given), world.clock)
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
    return Renderer(translation.style(given))
