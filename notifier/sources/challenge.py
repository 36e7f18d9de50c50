"""Challenges: how a help desk makes sure that we are there, apart from events.

Takes a call, gives the answer that its sender waits for, None where it asks for nothing. Refuses
(ConfigurationError) tables that cannot work. No address that a call names is ever fetched.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from notifier.model.errors import ConfigurationError, WebhookError
from notifier.model.values import value
from notifier.sources import lookup
from notifier.sources.call import Call
from notifier.sources.definition import Crc, Definition, Echo
from notifier.sources.schemes import keys
from notifier.sources.schemes.base import Header

_PRINTABLE = re.compile(r"[ -~]{1,1024}")

# Whoever asks gets a token's HMAC under the secret that signs events: with a brace, a quote or a
# dot in it, a token could be a body and its timestamp, and the answer their signature.
_TOKEN = re.compile(rb"[A-Za-z0-9_-]{1,256}")
_OF_TOKEN = re.compile(rb"[A-Za-z0-9_-]{0,256}")

_RATE = re.compile(r"[1-9][0-9]{0,8}")
_DEFAULT_RATE = "120"
"""Calls in a minute (CloudEvents HTTP webhook, version 1.0.1, section 4)."""

_WRITE: dict[str, Callable[[bytes], bytes]] = {
    "hex": binascii.hexlify,
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
}

Ask = Callable[[Call], "ChallengeAnswer | None"]


@value
class ChallengeAnswer:
    """A whole answer, apart from its length."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class Challenger:
    """All the challenges of one source."""

    def __init__(
        self, asks: dict[str, list[Ask]], own: Sequence[str], wants: dict[str, list[str]]
    ) -> None:
        """`asks` has the challenges of each method, `own` are the methods of events.

        `wants` says of a method what a challenge by it has to hold.
        """
        self._asks = asks
        self._wants = wants
        self.methods = frozenset(asks) - frozenset(own)

    def answer(self, call: Call) -> ChallengeAnswer | None:
        """Give the answer to a challenge; None: it is none, go on.

        Calls with one of `methods` are asked about before they are verified, for they carry no
        events; calls with a method of events only after that.
        """
        for ask in self._asks.get(call.method, ()):
            answer = ask(call)
            if answer is not None:
                return answer
        return None

    def why_not(self, call: Call) -> str:
        """Say why a call with one of `methods` is no challenge, for the log only."""
        return f"{call.method} without {' or '.join(self._wants[call.method])}"


def challenger(definition: Definition, resolve: Callable[[str], str]) -> Challenger:
    """Build what answers the challenges of a source; raises ConfigurationError."""
    challenge = definition.challenge
    asks: dict[str, list[Ask]] = {}
    wants: dict[str, list[str]] = {}
    if challenge.crc is not None:
        asks.setdefault("GET", []).append(_crc(challenge.crc, definition, resolve))
        wants.setdefault("GET", []).append(_token_in_words(challenge.crc))
    if challenge.echo is not None:
        ask = _echo(challenge.echo, definition.format)
        by_get = ["GET"] if challenge.echo.body is None else []
        for method in [*by_get, *definition.methods]:
            asks.setdefault(method, []).append(ask)
            wants.setdefault(method, []).append("one value to repeat")
    if challenge.get_ok:
        asks.setdefault("GET", []).append(_ok)
    if challenge.head_ok:
        asks.setdefault("HEAD", []).append(_ok)
    if challenge.cloudevents_options:
        asks.setdefault("OPTIONS", []).append(_cloudevents(definition.methods))
        wants.setdefault("OPTIONS", []).append("the header WebHook-Request-Origin")
    return Challenger(asks, definition.methods, wants)


def may_have_been_asked(body: bytes) -> bool:
    """Tell whether a body may be a part of a token, whose HMAC a stranger can have."""
    return _OF_TOKEN.fullmatch(body) is not None


def _ok(call: Call) -> ChallengeAnswer:
    return ChallengeAnswer(200, (), b"")


def _token_in_words(entry: Crc) -> str:
    if entry.token_of:
        return f"a token in {entry.query} that one of the secrets made: another secret there?"
    return f"a token in {entry.query}"


def _crc(entry: Crc, definition: Definition, resolve: Callable[[str], str]) -> Ask:
    secrets = _secrets(definition, resolve)

    def signed(secret: bytes, text: bytes) -> bytes:
        return _WRITE[entry.encoding](hmac.new(secret, text, entry.algorithm).digest())

    tokens = [(signed(secret, entry.token_of.encode()), secret) for secret in secrets]

    def ask(call: Call) -> ChallengeAnswer | None:
        found = lookup.in_query(call, entry.query)
        if len(found) != 1 or not _TOKEN.fullmatch(found[0]):
            return None
        # Without a sign of which secret is asked for only one can answer: the first.
        able = [one for token, one in tokens if hmac.compare_digest(token, found[0])]
        able = able if entry.token_of else secrets
        return _text(signed(able[0], found[0]).decode(), "text/plain") if able else None

    return ask


def _secrets(definition: Definition, resolve: Callable[[str], str]) -> list[bytes]:
    if not definition.secrets:
        raise ConfigurationError(f"challenge.crc: {keys.NO_SECRETS}")
    made: list[bytes] = []
    for place, reference in enumerate(definition.secrets):
        try:
            text = resolve(reference)
        except ConfigurationError as error:
            raise ConfigurationError(f"challenge.crc: {error}") from None
        try:
            made.append(keys.long_enough(text).encode())
        except ConfigurationError as error:
            raise ConfigurationError(f"challenge.crc: secret {place + 1} {error}") from None
    return made


def _echo(entry: Echo, form: str) -> Ask:
    look = _looking(entry, form)

    def ask(call: Call) -> ChallengeAnswer | None:
        asked = look(call)
        if asked is None or not _PRINTABLE.fullmatch(asked):
            return None
        if entry.answer == "json":
            return _text(json.dumps({entry.key: asked}), "application/json")
        if entry.answer == "form":
            return _text(urlencode({entry.key: asked}), "application/x-www-form-urlencoded")
        return _text(asked, "text/plain")

    return ask


def _looking(entry: Echo, form: str) -> Callable[[Call], str | None]:
    header, query, body = entry.header, entry.query, entry.body
    if [header, query, body].count(None) != 2:
        raise ConfigurationError("challenge.echo: name one of header, query and body")
    if header is not None:
        try:
            name = Header(header).key.decode()
        except ConfigurationError as error:
            raise ConfigurationError(f"challenge.echo: {error}") from None
        return lambda call: _only(call.header(name))
    if query is not None:
        return lambda call: _only(lookup.in_query(call, query))

    def in_body(call: Call) -> str | None:
        try:
            return lookup.in_body(call, str(body), form)
        except WebhookError:
            return None

    return in_body


def _only(found: Sequence[bytes]) -> str | None:
    return found[0].decode("latin-1") if len(found) == 1 else None


def _cloudevents(methods: Sequence[str]) -> Ask:
    allowed = ", ".join(methods).encode()

    def ask(call: Call) -> ChallengeAnswer | None:
        origin = _only(call.header("webhook-request-origin"))
        if origin is None or not _PRINTABLE.fullmatch(origin):
            return None
        rate = _only(call.header("webhook-request-rate"))
        if rate is None or not _RATE.fullmatch(rate):
            rate = _DEFAULT_RATE
        headers = (
            (b"webhook-allowed-origin", origin.encode()),
            (b"webhook-allowed-rate", rate.encode()),
            (b"allow", allowed),
        )
        return ChallengeAnswer(200, headers, b"")

    return ask


def _text(text: str, kind: str) -> ChallengeAnswer:
    # What a stranger sent must be taken for nothing else, least of all for a page.
    headers = ((b"content-type", kind.encode()), (b"x-content-type-options", b"nosniff"))
    return ChallengeAnswer(200, headers, text.encode())
