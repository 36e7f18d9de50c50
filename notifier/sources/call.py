"""A call as it arrived, and what every source can do with one.

Takes raw bytes, gives readings. Refuses by raising WebhookError. Pure: no network, no clock.
"""

from collections.abc import Sequence
from typing import Protocol

from notifier.model.events import Event
from notifier.model.plans import Types
from notifier.model.times import Instant, Millis
from notifier.model.values import value


@value
class Call:
    """One HTTP call: headers in order of arrival with names in lower case, and the raw body.

    `query` is the raw query string, `tail` what follows the name of the source in the path (its
    slash left out), `client` the address of the caller, "" where it is not known.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    method: str = "POST"
    query: bytes = b""
    tail: str = ""
    client: str = ""

    def header(self, name: str) -> list[bytes]:
        """Give every value of a header, as received."""
        wanted = name.encode()
        return [value for key, value in self.headers if key == wanted]


@value
class Reading:
    """What one item of a call says: an event, or several that differ in their type only.

    `event.webhook_id` is what a repeat is known by, for `remember` milliseconds (None: as long as
    the store does by itself). `exact`: another body under that id is a conflict, not a repeat.
    `types` None: the event has its type already; else they are asked for when it is recorded, and
    without any it is ignored.
    """

    event: Event
    types: Types | None = None
    remember: Millis | None = None
    exact: bool = False


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

    @property
    def confidential(self) -> frozenset[str]:
        """Give the headers, in lower case, and the parameters (`?name`) that hold a secret."""
        ...

    def verify(self, call: Call, now: Instant) -> None:
        """Return if somebody who knows a secret sent the call; raises BadSignature."""
        ...

    def read(self, call: Call, now: Instant) -> Sequence[Reading]:
        """Give what a verified call says; nothing when it is of no concern to us.

        `now` is when something happened that says no time of its own. Raises UnsupportedMedia,
        BadPayload, WrongShape or Unmapped.
        """
        ...
