"""Secrets that are sent as they are: in a header, as a bearer, in the query, the path or the body.

Takes a table and secrets, gives what verifies calls. Refuses (ConfigurationError) a missing name;
(BadSignature) a call without one of the secrets.
"""

from collections.abc import Callable, Sequence

from notifier.model.errors import BadSignature, ConfigurationError, WebhookError
from notifier.model.times import Instant
from notifier.sources import lookup
from notifier.sources.call import Call
from notifier.sources.definition import Token
from notifier.sources.schemes import keys
from notifier.sources.schemes.base import Given, Header
from notifier.sources.schemes.signed import any_equal

Take = Callable[[Call], bytes]


class TokenScheme:
    """Compares what a call holds in one place."""

    def __init__(self, take: Take, where: str, confidential: str) -> None:
        """`where` is the place in words, `confidential` as for redaction."""
        self._take = take
        self._where = where
        self._secrets: Sequence[bytes] = ()
        self._retired: Sequence[bytes] = ()
        self.confidential = frozenset({confidential})

    def knows(self, given: Given) -> "TokenScheme":
        """Take the secrets; raises ConfigurationError."""
        self._secrets, self._retired = keys.made(
            given.secrets, given.retired, lambda text: keys.long_enough(text).encode()
        )
        return self

    def verify(self, call: Call, now: Instant) -> None:
        """Return if the call holds a secret; raises BadSignature."""
        token = self._take(call)
        if any_equal(token, self._secrets):
            return
        if any_equal(token, self._retired):
            raise BadSignature(f"the token in {self._where} is a secret that is no longer active")
        raise BadSignature(f"the token in {self._where} is not one of the secrets")


def build(entry: Token, given: Given) -> TokenScheme:
    """Give the scheme of a table; raises ConfigurationError."""
    return _PLACES[entry.place](entry.name, given.form).knows(given)


def bearer(header: Header) -> Take:
    """Give what takes the token out of `Bearer TOKEN`; raises BadSignature."""

    def take(call: Call) -> bytes:
        kind, _, token = header.one(call).partition(b" ")
        if kind.lower() != b"bearer" or not token.strip():
            raise BadSignature(f"header {header.name} is not `Bearer` and a token")
        return token.strip()

    return take


def _named(name: str, example: str) -> str:
    if not name:
        raise ConfigurationError(f'name: where is the token? For example name = "{example}"')
    return name


def _header(name: str, form: str) -> TokenScheme:
    header = Header(_named(name, "X-Api-Key"))
    return TokenScheme(header.one, f"header {name}", name.lower())


def _bearer(name: str, form: str) -> TokenScheme:
    header = Header("Authorization")
    return TokenScheme(bearer(header), f"header {header.name}", "authorization")


def _query(name: str, form: str) -> TokenScheme:
    where = f"parameter {_named(name, 'token')}"

    def take(call: Call) -> bytes:
        found = lookup.in_query(call, name)
        if len(found) != 1:
            raise BadSignature(f"{where} {f'given {len(found)} times' if found else 'missing'}")
        return found[0]

    return TokenScheme(take, where, f"?{name}")


def _path(name: str, form: str) -> TokenScheme:
    def take(call: Call) -> bytes:
        if not call.tail:
            raise BadSignature("the token after the name of the source in the path is missing")
        return call.tail.encode(errors="replace")

    return TokenScheme(take, "the path", "/")


def _body(name: str, form: str) -> TokenScheme:
    where = f"{_named(name, 'secret')} of the body"

    def take(call: Call) -> bytes:
        try:
            found = lookup.in_body(call, name, form)
        except WebhookError:
            raise BadSignature("the body, which holds the token, cannot be read") from None
        if not found:
            raise BadSignature(f"{where} missing")
        return found.encode(errors="replace")

    return TokenScheme(take, where, f"body:{name}")


_PLACES: dict[str, Callable[[str, str], TokenScheme]] = {
    "header": _header,
    "bearer": _bearer,
    "query": _query,
    "path": _path,
    "body": _body,
}
