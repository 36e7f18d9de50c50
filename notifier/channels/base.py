"""What every channel can do.

Takes a finished message and an address, gives a receipt. Refuses by raising DeliveryError.
"""

from collections.abc import Callable
from typing import Protocol

from notifier.model.messages import About, Medium, Outgoing, Receipt


class Channel(Protocol):
    """One way out of the house; ignorant of every other, of the store and of the limiter."""

    @property
    def name(self) -> str:
        """Give the name used in lanes, settings and the API: `email`, `sms`."""
        ...

    @property
    def medium(self) -> Medium:
        """Give the form of message it carries."""
        ...

    @property
    def about(self) -> About:
        """Give what it says of itself."""
        ...

    async def send(self, outgoing: Outgoing, still_ours: Callable[[], bool]) -> Receipt:
        """Hand one message to the provider.

        `still_ours` is asked at the last moment before the irreversible byte; when it says
        no, HandedBack is raised. Raises Transient, Permanent, Unreachable, ChannelDown or
        Unknown, each with its phase and the provider's words.
        """
        ...

    async def probe(self) -> None:
        """Open a session, sign in, send nothing; raises ChannelDown when that fails."""
        ...

    async def close(self) -> None:
        """Say goodbye on every open connection, within a few seconds."""
        ...
