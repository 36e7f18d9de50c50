"""What the settings say about messages.

Takes values that settings have checked, gives them frozen. Refuses nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.model.rates import Limits


@dataclass(frozen=True, slots=True)
class Style:
    """Who messages come from, where their links may lead, and how long they may be.

    `from_email` and `reply_to` are ASCII addresses; where no mail is set up, any address will
    do for previews. `url_hosts` are host names; empty: any host. `limits` is keyed by channel
    (`email`, `sms`); a channel without an entry has no limit.
    """

    from_email: str
    from_name: str
    reply_to: str | None
    url_template: str | None
    url_hosts: frozenset[str]
    sms_max_segments: int
    limits: Mapping[str, Limits]
