"""Building: settings become objects that know one another.

Takes settings, gives an App: the web application, the store and the dispatcher behind it, not
yet open. Refuses (ConfigurationError) what only building finds to be wrong.
"""

import random
import secrets
from dataclasses import dataclass

from starlette.types import ASGIApp

from notifier.app import channels, translation
from notifier.app.preview import Drafts, Preview
from notifier.app.readiness import Watch
from notifier.clock import SystemClock
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
from notifier.web.health import Health
from notifier.web.operations import Operations
from notifier.web.webhooks import Webhooks


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
    renderer = Renderer(translation.style(settings))
    limits = translation.limits(settings)
    store = SqliteStore(
        settings.database,
        translation.options(settings, open_channels, renderer.recipe),
        LaneRules(limits).decide,
        clock,
    )
    places = {name: channel.about.places for name, channel in open_channels.items()}
    means = Means(
        clock=clock,
        credits=ChannelCredits(places),
        jitter=random.SystemRandom().random,
        nonce=lambda: secrets.token_hex(8),
        recipe=renderer.recipe,
    )
    dispatcher = Dispatcher(store, open_channels, renderer.render, means)
    watch = Watch(store, dispatcher, translation.ttl(settings), clock)
    policy = translation.policy(settings)
    webhooks = Webhooks(
        Intake(translation.sources(settings), store, policy, clock),
        settings.max_body,
        settings.public_base_url,
    )
    api = Api(store, Preview(renderer))
    operations = Operations(
        Operator(store, policy, clock, means.nonce),
        Drafts(renderer, clock),
        api,
        settings.max_body,
        settings.public_base_url,
    )
    v1 = routes.Guarded(api, operations)
    asgi = routes.build(webhooks, v1, Health(watch.readiness), Bearer(settings.tokens))
    return App(asgi, store, dispatcher, means.credits, watch)
