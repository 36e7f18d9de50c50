"""Building: settings become objects that know one another.

Takes settings, gives an App: the web application, the store and the dispatcher behind it, not
yet open. Refuses (ConfigurationError) what only building finds to be wrong.
"""

import logging
import random
import secrets
from dataclasses import dataclass

from starlette.types import ASGIApp

from notifier.app import channels, translation
from notifier.app.config_file import ConfigFile
from notifier.app.metering import Exposition, Meters
from notifier.app.preview import Drafts, Preview
from notifier.app.readiness import Watch
from notifier.app.reloading import Reload
from notifier.app.secret_places import Places
from notifier.clock import SystemClock
from notifier.directory import Directory
from notifier.dispatch.batching import LaneRules
from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.dispatcher import Dispatcher, Means
from notifier.intake import Intake
from notifier.operations import Operator
from notifier.rendering.renderer import Renderer
from notifier.settings.settings import Settings
from notifier.store.sqlite import SqliteStore
from notifier.web import routes
from notifier.web.api import Api
from notifier.web.auth import Bearer
from notifier.web.callers import Callers
from notifier.web.health import Health
from notifier.web.metrics import Metrics
from notifier.web.operations import Operations
from notifier.web.people import People
from notifier.web.recent import Calls, Recent
from notifier.web.replays import Replays
from notifier.web.sources import Sources
from notifier.web.webhooks import Webhooks

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """What runs together: `watch` says how it is, `credits` is what the store may lease for."""

    asgi: ASGIApp
    store: SqliteStore
    dispatcher: Dispatcher
    credits: ChannelCredits
    watch: Watch
    meters: Meters
    reload: Reload
    recent: Recent


def build(settings: Settings, places: Places | None = None) -> App:
    """Give the service, with nothing opened and nothing running.

    `places` is where secrets are that notifier.toml refers to; without it no such file is read.
    """
    reload = Reload(ConfigFile(settings, places))
    clock = SystemClock()
    open_channels = channels.build(settings)
    renderer = Renderer(translation.style(settings), settings.templates, _say_failed)
    _say_templates(renderer)
    limits = translation.limits(settings)
    meters = Meters(tuple(open_channels))
    store = SqliteStore(
        settings.database,
        translation.options(settings, open_channels, renderer.recipe),
        LaneRules(limits).decide,
        clock,
        meters,
    )
    room = {name: channel.about.places for name, channel in open_channels.items()}
    means = Means(
        clock=clock,
        credits=ChannelCredits(room),
        # No secret: it spreads retries, and need not ask the system each time.
        jitter=random.Random().random,  # noqa: S311
        nonce=lambda: secrets.token_hex(8),
        recipe=renderer.recipe,
        meter=meters,
    )
    dispatcher = Dispatcher(store, open_channels, renderer.render, means)
    watch = Watch(store, dispatcher, translation.ttl(settings), clock)
    policy = translation.policy(settings)
    recent = Recent(clock)
    find = reload.desks.find
    intake = Intake(store, policy, clock, meters.received)
    webhooks = Webhooks(
        find,
        intake,
        settings.public_base_url,
        Callers(settings.trusted_proxies).address,
        recent,
    )
    api = Api(store, Preview(renderer))
    operations = Operations(
        Operator(store, policy, clock, means.nonce),
        Drafts(renderer, clock),
        api,
        settings.max_body,
        settings.public_base_url,
    )
    people = People(Directory(store, policy.default_region, recent.forget), settings.max_body)
    v1 = routes.Guarded(
        api,
        operations,
        people,
        Sources(reload, reload.views, settings.public_base_url),
        Replays(intake, store, find, settings.public_base_url),
        Calls(recent, find),
    )
    metrics = Metrics(Exposition(meters, store, dispatcher, clock).read, meters.refused)
    health, bearer = Health(watch.readiness), Bearer(settings.tokens)
    asgi = routes.build(webhooks, v1, health, bearer, metrics)
    return App(asgi, store, dispatcher, means.credits, watch, meters, reload, recent)


def _say_templates(renderer: Renderer) -> None:
    if renderer.overridden:
        names = ", ".join(renderer.overridden)
        _log.info("these templates are yours: %s", names, extra={"action": "template.overridden"})
    for fault in renderer.faults:
        _log.error(
            "the template %s is not used, the built-in one is: %s; %s",
            fault.name,
            fault.said,
            fault.mend,
            extra={"action": "template.broken"},
        )


def _say_failed(name: str, said: str) -> None:
    _log.error(
        "the template %s did not render, so the built-in one was used: %s",
        name,
        said,
        extra={"action": "template.failed"},
    )
