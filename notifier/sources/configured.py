"""A source of the operator's own: authenticated and read as its table says.

Takes a definition and what authenticates, gives a Source. Refuses (ConfigurationError)
expressions that cannot work.
"""

from collections.abc import Sequence
from typing import Protocol

from notifier.model.times import Instant
from notifier.sources import formats
from notifier.sources.call import Call, Reading
from notifier.sources.challenge import Challenger
from notifier.sources.definition import Definition, Token
from notifier.sources.mapping import Mapper


class Authenticator(Protocol):
    """What tells an honest call from others."""

    @property
    def confidential(self) -> frozenset[str]:
        """Give the headers, in lower case, and the parameters (`?name`) that hold a secret."""
        ...

    def verify(self, call: Call, now: Instant) -> None:
        """Return if the call is honest; raises BadSignature or Stale."""
        ...


class ConfiguredSource:
    """One help desk as `notifier.toml` describes it; a Source."""

    def __init__(
        self,
        name: str,
        definition: Definition,
        authenticator: Authenticator,
        challenger: Challenger | None = None,
    ) -> None:
        """Raises ConfigurationError with one line for every wrong expression."""
        self.definition = definition
        self.challenger = challenger
        self.takes_tail = any(
            isinstance(one, Token) and one.place == "path" for one in definition.auth
        )
        self.methods = frozenset(definition.methods)
        self.max_body = definition.max_body
        self.confidential = authenticator.confidential
        self._name = name
        self._authenticator = authenticator
        self._mapper = Mapper(name, definition)

    @property
    def name(self) -> str:
        """Give the name in the URL."""
        return self._name

    @property
    def success_status(self) -> int:
        """Give the status of every answer to a call that was understood, or kept."""
        return self.definition.success

    @property
    def repeat_status(self) -> int:
        """Give the same: a sender that is told apart repeats itself, or gives up."""
        return self.definition.success

    def verify(self, call: Call, now: Instant) -> None:
        """Return if the call is honest; raises BadSignature or Stale."""
        self._authenticator.verify(call, now)

    def read(self, call: Call, now: Instant) -> Sequence[Reading]:
        """Give what a verified call says; raises Unmapped, or UnsupportedMedia."""
        value = formats.read(call, self.definition.format)
        context = {"headers": formats.headers(call), "query": formats.query(call)}
        return self._mapper.read(value, call.body, context, now)
