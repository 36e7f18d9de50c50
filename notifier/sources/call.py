"""A call as it arrived, and what every source can do with one.

Takes raw bytes, gives events. Refuses by raising WebhookError. Pure: no network, no clock.
"""

from collections.abc import Sequence
from typing import Protocol

from notifier.model.events import Event
from notifier.model.times import Instant
from notifier.model.values import value


@value
class Call:
    """One HTTP call: headers in order of arrival with names in lower case, and the raw body."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def header(self, name: str) -> list[bytes]:
        """Give every value of a header, as received."""
        wanted = name.encode()
        return [value for key, value in self.headers if key == wanted]


class Source(Protocol):
    """One configured help desk."""

    @property
    def name(self) -> str:
        """Give the name in the URL: `/webhooks/{name}`."""
        ...

    @property
    def success_status(self) -> int:
        """Give the HTTP status of an accepted call."""
        ...

    def verify(self, call: Call, now: Instant) -> None:
        """Return if somebody who knows a secret sent the call; raises BadSignature."""
        ...

    def read(self, call: Call) -> Sequence[Event]:
        """Give the events; raises UnsupportedMedia, BadPayload or WrongShape."""
        ...
