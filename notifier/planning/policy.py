"""The settings that planning depends on, as one value.

Takes nothing, gives a frozen value. Refuses nothing: settings have checked it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.model.times import Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How planning decides where product and payload leave a choice.

    `sms_min_rank` is the least urgent rank that an SMS is sent for. `ttl` is by channel;
    `enabled` and `configured` name the channels that are switched on and have credentials.
    """

    notify_self: bool
    same_save_window: Millis
    sms_min_rank: int
    default_region: str | None
    ttl: Mapping[str, Millis]
    enabled: frozenset[str]
    configured: frozenset[str]
