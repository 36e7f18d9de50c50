"""A call tried on a source without any service: verified, read, and what its events would be.

Takes a definition and a call, gives what became of it. Refuses (ConfigurationError) a definition
that cannot work; a call that is refused or cannot be read is no error here but the result.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from notifier.app.secret_places import Places, Secrets
from notifier.model.errors import BadSignature, Unmapped, WebhookError
from notifier.model.events import Event
from notifier.model.plans import Snapshot
from notifier.model.times import DAY, Instant
from notifier.sources import authenticating, challenge
from notifier.sources.call import Call
from notifier.sources.configured import Authenticator, ConfiguredSource
from notifier.sources.definition import Auth, Definition, Digest, Ed25519, Hmac, Jwt, Rfc9421

_EVER = 1_000_000 * DAY

Outcome = Literal["mapped", "ignored", "unmapped", "refused", "challenge"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a call; `cause` says why it is refused or cannot be read."""

    outcome: Outcome
    cause: str | None = None
    events: tuple[Event, ...] = ()


class _Anybody:
    """Lets every call in."""

    confidential: frozenset[str] = frozenset()

    def verify(self, call: Call, now: Instant) -> None:
        """Return."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A source to try calls on."""

    source: ConfiguredSource

    def of(self, call: Call, now: Instant, before: Snapshot | None) -> Tried:
        """Give what becomes of a call at `now`, when `before` is known of its ticket."""
        source = self.source
        challenger = source.challenger
        try:
            answered = None if challenger is None else challenger.answer(call)
            if call.method not in source.methods:
                if answered is not None:
                    return Tried("challenge", f"it is answered {answered.status}")
                methods = ", ".join(sorted(source.methods))
                return Tried("refused", f"the source takes {methods}, not {call.method}")
            source.verify(call, now)
            if answered is not None:
                return Tried("challenge", f"it is answered {answered.status}")
            readings = source.read(call, now)
        except BadSignature as error:
            return Tried("refused", str(error))
        except Unmapped as error:
            return Tried("unmapped", str(error))
        except WebhookError as error:
            return Tried("refused", str(error))
        events = tuple(
            replace(one.event, type=name)
            for one in readings
            for name in ([one.event.type] if one.types is None else one.types(before))
        )
        return Tried("mapped", None, events) if events else Tried("ignored")


def trial(
    name: str,
    found: Definition,
    places: tuple[Places, Path],
    *,
    verified: bool = True,
    any_time: bool = False,
) -> Trial:
    """Set up a source; `places` are those of its secrets, and the folder of its files.

    Not `verified`, anybody may call, and no secret is looked for. `any_time`: signatures are good
    however old they are.
    """
    if any_time:
        found = found.model_copy(update={"auth": [_timeless(one) for one in found.auth]})
    if not verified:
        return Trial(ConfiguredSource(name, found, _Anybody()))
    secrets = Secrets(*places)
    authenticator: Authenticator = authenticating.authenticator(
        found, secrets.resolve, secrets.read_file
    )
    challenger = challenge.challenger(found, secrets.resolve)
    return Trial(ConfiguredSource(name, found, authenticator, challenger))


def _timeless(one: Auth) -> Auth:
    if isinstance(one, Hmac | Digest | Ed25519) and one.timestamp is not None:
        longer = one.timestamp.model_copy(update={"tolerance": _EVER})
        return one.model_copy(update={"timestamp": longer})
    if isinstance(one, Rfc9421):
        return one.model_copy(update={"max_age": _EVER})
    if isinstance(one, Jwt):
        return one.model_copy(update={"leeway": _EVER})
    return one
