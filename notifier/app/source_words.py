"""What a source is, in words: for the log, for `notifier check` and for /v1/sources.

Takes a definition, gives short phrases without any secret. Refuses nothing.
"""

from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis
from notifier.sources.definition import (
    Auth,
    Basic,
    Definition,
    Digest,
    Ed25519,
    Hmac,
    Jwt,
    NoAuth,
    Rfc9421,
    Token,
)

NATIVE = "Standard Webhooks (HMAC-SHA256) with WEBHOOK_SECRET"
NOTHING = "nothing: every call is refused"

_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND}


def length(time: Millis) -> str:
    """Write a duration as notifier.toml does."""
    unit = next(unit for unit, size in _UNITS.items() if time % size == 0)
    return f"{time // _UNITS[unit]}{unit}"


def schemes(found: Definition) -> list[str]:
    """Give one phrase for each way in which a call may be, or must be, authenticated."""
    return [_scheme(one) for one in found.auth]


def authentication(found: Definition) -> str:
    """Give all of them as one phrase."""
    between = " and " if found.auth_mode == "all" else " or "
    said = between.join(schemes(found)) or NOTHING
    if found.allow_ips:
        said += f", from {' '.join(map(str, found.allow_ips))} only"
    return said


def is_open(found: Definition) -> bool:
    """Tell whether anybody may call who knows the address."""
    unsigned = [isinstance(one, NoAuth) for one in found.auth]
    free = any(unsigned) if found.auth_mode == "any" else bool(unsigned) and all(unsigned)
    return free and not found.allow_ips


def _scheme(one: Auth) -> str:
    match one:
        case Hmac() | Digest() | Ed25519():
            return f"{_signature(one)} in {one.header}"
        case Token():
            return _token(one)
        case Basic():
            return f"HTTP Basic as {one.user}"
        case Jwt():
            return f"JWT ({', '.join(one.algorithms)}) in {one.header}"
        case Rfc9421():
            return f"HTTP message signature ({one.algorithm})"
        case NoAuth():
            return "none: anybody may call"


def _signature(one: Hmac | Digest | Ed25519) -> str:
    match one:
        case Hmac():
            return f"HMAC-{one.algorithm.upper()}"
        case Digest():
            return f"{one.algorithm.upper()} digest"
        case Ed25519():
            return "Ed25519 signature"


def _token(one: Token) -> str:
    match one.place:
        case "header":
            return f"token in the header {one.name}"
        case "bearer":
            return "bearer token"
        case "query":
            return f"token in the parameter {one.name}"
        case "path":
            return "token in the path"
        case "body":
            return f"token in the body at {one.name}"
