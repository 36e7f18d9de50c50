"""What can be wrong with a source as a whole, although every key of its table is right.

Takes a definition, gives faults as `PLACE: what is wrong`. Refuses nothing itself.
"""

from collections.abc import Iterator

from notifier.app.secret_places import is_text
from notifier.app.source_words import length
from notifier.model.times import Millis
from notifier.sources.definition import (
    Auth,
    Definition,
    Digest,
    Ed25519,
    Hmac,
    Jwt,
    NoAuth,
    Rfc9421,
)


def faults(found: Definition) -> list[str]:
    """Give every fault.

    A signature that is good for longer than its call is remembered could be replayed.
    """
    key, window = "body_window", found.dedupe.body_window
    if found.dedupe.key:
        key, window = "window", found.dedupe.window
    return [
        f"{place}: {length(tolerance)} is longer than dedupe.{key} ({length(window)}), within "
        f"which a repeated call is known; make that as long, or this shorter"
        for place, tolerance in _tolerances(found)
        if tolerance > window
    ]


def _tolerances(found: Definition) -> Iterator[tuple[str, Millis]]:
    for place, one in enumerate(found.auth):
        if isinstance(one, Hmac | Digest | Ed25519) and one.timestamp is not None:
            yield f"auth.{place}.timestamp.tolerance", one.timestamp.tolerance
        elif isinstance(one, Rfc9421):
            yield f"auth.{place}.max_age", one.max_age


def holds_secret(found: Definition) -> bool:
    """Tell whether a secret itself stands in the table, not only where it is."""
    own = [*found.secrets, *found.retired_secrets] if _is_secret(found.auth) else []
    theirs = [
        secret
        for one in found.auth
        if not isinstance(one, NoAuth) and _is_secret([one])
        for secret in one.secrets or ()
    ]
    return any(is_text(one) for one in (*own, *theirs))


def _is_secret(schemes: list[Auth]) -> bool:
    """Tell whether any scheme has secrets that are no public keys."""
    return any(not isinstance(one, Ed25519 | NoAuth) and not _is_public(one) for one in schemes)


def _is_public(one: Auth) -> bool:
    if isinstance(one, Rfc9421):
        return one.algorithm == "ed25519"
    return isinstance(one, Jwt) and not any(name.startswith("HS") for name in one.algorithms)
