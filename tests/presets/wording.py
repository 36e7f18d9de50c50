"""How calls of a help desk are trusted, told apart and answered, in words.

Takes a definition, gives paragraphs in Markdown. Refuses nothing.
"""

from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis
from notifier.sources.definition import (
    Auth,
    Basic,
    Challenge,
    Dedupe,
    Definition,
    Digest,
    Ed25519,
    Hmac,
    Jwt,
    NoAuth,
    Rfc9421,
    Timestamp,
    Token,
)

_UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second"))
_HASHES = {"sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_NOT_THE_BODY = (
    "This says who calls, but does not cover the body: let the address begin with `https`, so "
    "that nobody on the way reads the secret or changes the call."
)
_FORMATS = {
    "json": "The body is read as JSON, whatever content type it says.",
    "form": "The body is read as a form.",
    "cloudevents": "The call is read as a CloudEvent: binary, structured, or a batch.",
}


def kind(definition: Definition) -> str:
    """Give in a word or two what a call is trusted for."""
    between = " and " if definition.auth_mode == "all" else " or "
    return between.join(dict.fromkeys(_kind(auth) for auth in definition.auth))


def tells_assignment(definition: Definition) -> bool:
    """Tell whether the help desk says that a ticket was given to somebody."""
    if definition.shape == "mapped":
        return "ticket.assigned" in definition.map.events
    about = definition.about
    return about is None or "`ticket.assigned`" not in " ".join(about.cannot)


def lasting(duration: Millis) -> str:
    """Write a duration in its largest whole unit: `5 minutes`."""
    unit, name = next(one for one in _UNITS if duration % one[0] == 0)
    count = duration // unit
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def trust(definition: Definition) -> list[str]:
    """Give paragraphs: who is let in, what a repeat is known by, what is answered."""
    ways = [_way(auth) for auth in definition.auth]
    if len(ways) > 1:
        mode = "Any one of these is enough" if definition.auth_mode == "any" else "All of these"
        ways = [f"{mode}:", "\n".join(f"- {one}" for one in ways)]
    if not any(_covers(auth) for auth in definition.auth):
        ways.append(_NOT_THE_BODY)
    return [
        *ways,
        *_challenge(definition.challenge),
        _repeats(definition.dedupe),
        _answer(definition),
    ]


def _kind(auth: Auth) -> str:
    if isinstance(auth, Token):
        return "secret sent along"
    if isinstance(auth, Basic):
        return "password"
    if isinstance(auth, Jwt):
        return "signed token"
    return "open" if isinstance(auth, NoAuth) else "signed"


def _covers(auth: Auth) -> bool:
    if isinstance(auth, Hmac | Digest | Ed25519):
        return "{body}" in auth.signed
    return isinstance(auth, Rfc9421)


def _way(auth: Auth) -> str:
    if isinstance(auth, Hmac | Digest | Ed25519):
        return _signature(auth)
    if isinstance(auth, Token):
        return _token(auth)
    if isinstance(auth, Basic):
        return f"HTTP basic authentication: the user `{auth.user}`, the secret as the password."
    if isinstance(auth, Jwt):
        return _jwt(auth)
    if isinstance(auth, Rfc9421):
        parts = ", ".join(f"`{one}`" for one in auth.components)
        age = lasting(auth.max_age)
        return f"An HTTP message signature (RFC 9421) over {parts}, made at most {age} ago."
    return "Nothing: anybody may call. The notifier warns of it at every start."


def _signature(auth: Hmac | Digest | Ed25519) -> str:
    if isinstance(auth, Ed25519):
        made = "an Ed25519 signature"
    elif isinstance(auth, Hmac):
        made = f"an HMAC-{_HASHES[auth.algorithm].replace('-', '')}"
    else:
        made = f"a {_HASHES[auth.algorithm]} hash"
    parts = "the body" if auth.signed == "{body}" else f"`{auth.signed}`"
    after = f", after `{auth.prefix}`" if auth.prefix else ""
    text = f"The header `{auth.header}` holds {made} of {parts} in {auth.encoding}{after}."
    if isinstance(auth, Hmac) and auth.key_hash:
        text += f" The key is the {_HASHES[auth.key_hash]} hash of the secret."
    return text if auth.timestamp is None else f"{text} {_time(auth.timestamp)}"


def _time(timestamp: Timestamp) -> str:
    place, _, name = timestamp.place.partition(":")
    where = {"header": "the header", "sig": "the signature's", "body": "the body's"}[place]
    missing = "" if timestamp.required else ", if there is one,"
    tolerance = lasting(timestamp.tolerance)
    return f"The time in {where} `{name}`{missing} may be {tolerance} off, either way."


def _token(auth: Token) -> str:
    where = {
        "header": f"in the header `{auth.name}`",
        "bearer": "in the header `Authorization`, after `Bearer`",
        "query": f"in the address, as `?{auth.name}=`",
        "path": "at the end of the address",
        "body": f"in the body, at `{auth.name}`",
    }
    return f"The secret itself, {where[auth.place]}."


def _jwt(auth: Jwt) -> str:
    text = f"A signed token (JWT, {' or '.join(auth.algorithms)}) in the header `{auth.header}`"
    checked = [f"{name} `{one}`" for name, one in _claims(auth) if one]
    return f"{text}, with {' and '.join(checked)}." if checked else f"{text}."


def _claims(auth: Jwt) -> tuple[tuple[str, str | None], ...]:
    return (("the issuer", auth.issuer), ("the audience", auth.audience))


def _challenge(challenge: Challenge) -> list[str]:
    asked = []
    if challenge.head_ok:
        asked.append("a HEAD request")
    if challenge.get_ok:
        asked.append("a GET request")
    if challenge.echo:
        asked.append("a value that the answer must repeat")
    if challenge.crc:
        asked.append(f"a GET with `{challenge.crc.query}`, whose answer proves the secret")
    if challenge.cloudevents_options:
        asked.append("the OPTIONS handshake of CloudEvents")
    if not asked:
        return []
    return [
        f"It first makes sure that the notifier is there, with {' or '.join(asked)}; the "
        "notifier answers that by itself."
    ]


def _repeats(dedupe: Dedupe) -> str:
    by_body = f"the same body within {lasting(dedupe.body_window)}"
    if not dedupe.key:
        return f"The help desk gives its calls no id, so a repeat is known by {by_body}."
    keys = ", else by ".join(f"`{one}`" for one in dedupe.key)
    return f"A repeat is known by {keys} for {lasting(dedupe.window)}, else by {by_body}."


def _answer(definition: Definition) -> str:
    verbs = " or ".join(definition.methods)
    formats = _FORMATS.get(definition.format, "")
    if definition.format.startswith("form:"):
        formats = f"The body is a form with JSON in `{definition.format.removeprefix('form:')}`."
    text = (
        f"It calls with {verbs} and is answered {definition.success}, also for what tells nobody "
        "anything and for repeats."
    )
    return f"{text} {formats}" if formats else text
