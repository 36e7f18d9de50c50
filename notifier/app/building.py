"""Building: settings become objects that know one another.

Takes settings, gives an App: the web application, the store and the dispatcher behind it, not
yet open. Refuses (ConfigurationError) what only building finds to be wrong.
"""

import random
import secrets
from dataclasses import dataclass

from starlette.types import ASGIApp

from notifier.app import channels
from notifier.app.preview import Preview
from notifier.app.readiness import Watch
from notifier.channels.base import Channel
from notifier.clock import SystemClock
from notifier.dispatch.batching import LaneRules
from notifier.dispatch.credits import ChannelCredits
from notifier.dispatch.dispatcher import Dispatcher, Means
from notifier.intake import Intake
from notifier.model.events import Priority
from notifier.model.rates import Limits
from notifier.model.times import Millis
from notifier.planning.policy import Policy
from notifier.rendering.renderer import Renderer
from notifier.rendering.style import Style
from notifier.settings.settings import Settings
from notifier.sources.native import NativeSource
from notifier.sources.secrets import parse
from notifier.store.context import StoreOptions
from notifier.store.sqlite import SqliteStore
from notifier.web import routes
from notifier.web.api import Api
from notifier.web.auth import Bearer
from notifier.web.health import Health
from notifier.web.webhooks import DEFAULT_SOURCE, Webhooks

_NOBODY = "nobody@localhost"
"""Stands in previews of mails for a sender that is not set; no mail leaves without one."""


@dataclass(frozen=True, slots=True)
class App:
    """What runs together: `watch` says how it is, `credits` is what the store may lease for."""

    asgi: ASGIApp
    store: SqliteStore
    dispatcher: Dispatcher
    credits: ChannelCredits
    watch: Watch


def build(settings: Settings) -> App:
    """Give the service, with nothing opened and nothing running."""
    clock = SystemClock()
    open_channels = channels.build(settings)
    renderer = Renderer(_style(settings))
    limits = _limits(settings)
    store = SqliteStore(
        settings.database,
        _options(settings, open_channels, renderer.recipe),
        LaneRules(limits).decide,
        clock,
    )
    places = {name: channel.about.places for name, channel in open_channels.items()}
    means = Means(
        clock=clock,
        credits=ChannelCredits(places),
        jitter=random.SystemRandom().random,
        nonce=lambda: secrets.token_hex(8),
    )
    dispatcher = Dispatcher(store, open_channels, renderer.render, means)
    watch = Watch(store, dispatcher, _ttl(settings), clock)
    webhooks = Webhooks(
        Intake(_sources(settings), store, _policy(settings), clock),
        settings.max_body,
        settings.public_base_url,
    )
    api = Api(store, Preview(renderer))
    asgi = routes.build(webhooks, api, Health(watch.readiness), Bearer(settings.tokens))
    return App(asgi, store, dispatcher, means.credits, watch)


def _sources(settings: Settings) -> dict[str, NativeSource]:
    known = parse(settings.webhook_secret.get_secret_value())
    return {DEFAULT_SOURCE: NativeSource(DEFAULT_SOURCE, known, settings.signature_tolerance)}


def _limits(settings: Settings) -> dict[str, Limits]:
    reserve = settings.rate_limit_critical
    return {
        channels.EMAIL: Limits(settings.rate_limit_email, reserve),
        channels.SMS: Limits(settings.rate_limit_sms, reserve),
    }


def _ttl(settings: Settings) -> dict[str, Millis]:
    return {channels.EMAIL: settings.email_ttl, channels.SMS: settings.sms_ttl}


def _options(settings: Settings, open_channels: dict[str, Channel], recipe: str) -> StoreOptions:
    horizon = {
        name: max((window.length for window in (*one.normal, *one.reserve)), default=0)
        for name, one in _limits(settings).items()
    }
    return StoreOptions(
        channels=tuple(open_channels),
        careful=frozenset(
            name for name, channel in open_channels.items() if channel.about.commits_start
        ),
        horizon=horizon,
        recipe=recipe,
        max_waiting=settings.max_waiting,
        keep_bodies=settings.retention_bodies,
        keep_deliveries=settings.retention_deliveries,
    )


def _policy(settings: Settings) -> Policy:
    return Policy(
        notify_self=settings.notify_self,
        same_save_window=settings.same_save_window,
        sms_min_rank=Priority(settings.sms_min_priority).rank,
        default_region=settings.default_region,
        ttl=_ttl(settings),
        enabled=channels.enabled(settings),
        configured=channels.configured(settings),
    )


def _style(settings: Settings) -> Style:
    return Style(
        from_email=settings.sender or _NOBODY,
        from_name=settings.from_name,
        reply_to=settings.reply_to,
        url_template=settings.ticket_url_template,
        url_hosts=settings.ticket_url_hosts,
        sms_max_segments=settings.sms_max_segments,
        limits=_limits(settings),
    )
