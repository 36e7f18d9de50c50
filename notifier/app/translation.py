"""What the settings mean to each part of the service.

Takes settings, gives the values that planning, store, dispatch and rendering are made with.
Refuses nothing: settings have checked themselves.
"""

import hashlib
from collections.abc import Mapping

from notifier.app import channels
from notifier.channels.base import Channel
from notifier.model.events import Priority
from notifier.model.rates import Limits
from notifier.model.times import Millis
from notifier.planning.policy import Policy
from notifier.rendering.style import Style
from notifier.settings.settings import Settings
from notifier.sources.native import NativeSource
from notifier.sources.secrets import parse
from notifier.store.context import StoreOptions
from notifier.web.webhooks import DEFAULT_SOURCE

_NOBODY = "nobody@localhost"
"""Stands in previews of mails for a sender that is not set; no mail leaves without one."""


def sources(settings: Settings) -> dict[str, NativeSource]:
    """Give the help desks, by name, that settings alone make."""
    known = parse(settings.webhook_secret.get_secret_value())
    native = NativeSource(DEFAULT_SOURCE, known, settings.signature_tolerance, settings.max_body)
    return {DEFAULT_SOURCE: native}


def limits(settings: Settings) -> dict[str, Limits]:
    """Give the limits by channel."""
    reserve = settings.rate_limit_critical
    return {
        channels.EMAIL: Limits(settings.rate_limit_email, reserve),
        channels.SMS: Limits(settings.rate_limit_sms, reserve),
    }


def ttl(settings: Settings) -> dict[str, Millis]:
    """Give how long a delivery may wait, by channel."""
    return {channels.EMAIL: settings.email_ttl, channels.SMS: settings.sms_ttl}


def options(settings: Settings, open_channels: Mapping[str, Channel], recipe: str) -> StoreOptions:
    """Give how the store behaves; `recipe` is what messages are made of."""
    horizon = {
        name: max((window.length for window in (*one.normal, *one.reserve)), default=0)
        for name, one in limits(settings).items()
    }
    return StoreOptions(
        channels=tuple(open_channels),
        careful=frozenset(
            name for name, channel in open_channels.items() if channel.about.commits_start
        ),
        horizon=horizon,
        recipe=recipe,
        limits=_fingerprint(limits(settings)),
        max_waiting=settings.max_waiting,
        keep_bodies=settings.retention_bodies,
        keep_deliveries=settings.retention_deliveries,
    )


def _fingerprint(found: Mapping[str, Limits]) -> int:
    digest = hashlib.sha256(repr(sorted(found.items())).encode()).digest()
    # As large as a column of integers can hold.
    return int.from_bytes(digest[:7], "big")


def policy(settings: Settings) -> Policy:
    """Give what planning depends on."""
    return Policy(
        notify_self=settings.notify_self,
        same_save_window=settings.same_save_window,
        sms_min_rank=Priority(settings.sms_min_priority).rank,
        default_region=settings.default_region,
        ttl=ttl(settings),
        enabled=channels.enabled(settings),
        configured=channels.configured(settings),
    )


def style(settings: Settings) -> Style:
    """Give what messages look like."""
    return Style(
        from_email=settings.sender or _NOBODY,
        from_name=settings.from_name,
        reply_to=settings.reply_to,
        url_template=settings.ticket_url_template,
        url_hosts=settings.ticket_url_hosts,
        sms_max_segments=settings.sms_max_segments,
        limits=limits(settings),
    )
