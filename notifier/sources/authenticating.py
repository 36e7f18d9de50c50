"""How the calls of one source are authenticated: its schemes put together.

Takes a definition, what resolves its secrets and what reads its files; gives an Authenticator.
Refuses (ConfigurationError) every fault at once, one line each; (BadSignature) calls of others.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import cast

from notifier.model.errors import BadSignature, ConfigurationError, Stale
from notifier.model.times import Instant
from notifier.sources.call import Call
from notifier.sources.definition import Auth, Definition, NoAuth
from notifier.sources.schemes.base import Given, Scheme

Resolve = Callable[[str], str]
"""Of `env:NAME`, `file:PATH` or a secret, the secret; raises ConfigurationError."""

ReadFile = Callable[[str], bytes]
"""Of a path as it stands in the table, what is in the file; raises ConfigurationError."""

_ALWAYS_CONFIDENTIAL = frozenset({"authorization", "proxy-authorization", "cookie"})

# Imported when a source has them: some take a library that is slow to import.
_MODULES = {
    "hmac": "signed",
    "digest": "signed",
    "ed25519": "ed25519",
    "token": "token",
    "basic": "basic",
    "jwt": "claims",
    "rfc9421": "rfc9421",
    "none": "nobody",
}


class Authenticator:
    """All that a caller of one source has to prove."""

    def __init__(self, definition: Definition, schemes: Sequence[Scheme]) -> None:
        """`schemes` are those of `definition.auth`, in its order."""
        self._networks = tuple(definition.allow_ips)
        self._schemes = tuple(schemes)
        self._verify = schemes[0].verify if len(schemes) == 1 else self._several(definition)
        self._confidential = _ALWAYS_CONFIDENTIAL.union(*(one.confidential for one in schemes))

    @property
    def confidential(self) -> frozenset[str]:
        """Give what holds a secret, for redaction.

        Names of headers in lower case, `?NAME` for a query parameter, `/` for what follows the
        name of the source in the path, `body:PATH` for a place in the body.
        """
        return self._confidential

    def verify(self, call: Call, now: Instant) -> None:
        """Return if a caller who may has made the call; raises BadSignature or Stale.

        The text is the exact cause, which is for the log only: it holds neither a secret nor
        anything that the caller sent, but the address.
        """
        if self._networks:
            self._check_client(call.client)
        self._verify(call, now)

    def _check_client(self, client: str) -> None:
        try:
            address: IPv4Address | IPv6Address = ip_address(client)
        except ValueError:
            raise BadSignature("the caller's address is not known, and allow_ips is set") from None
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if not any(address in network for network in self._networks):
            raise BadSignature(f"caller {address} is not in allow_ips")

    def _several(self, definition: Definition) -> Callable[[Call, Instant], None]:
        return self._all if definition.auth_mode == "all" else self._any

    def _all(self, call: Call, now: Instant) -> None:
        for scheme in self._schemes:
            scheme.verify(call, now)

    def _any(self, call: Call, now: Instant) -> None:
        causes: list[BadSignature] = []
        for scheme in self._schemes:
            try:
                scheme.verify(call, now)
            except BadSignature as error:
                causes.append(error)
            else:
                return
        kind = Stale if all(isinstance(cause, Stale) for cause in causes) else BadSignature
        raise kind("; or ".join(str(cause) for cause in causes))


def authenticator(definition: Definition, resolve: Resolve, read_file: ReadFile) -> Authenticator:
    """Build what authenticates a source; raises ConfigurationError."""
    faults = list(_nonsense(definition))
    secrets = _resolved("secrets", definition.secrets, resolve, faults)
    retired = _resolved("retired_secrets", definition.retired_secrets, resolve, faults)
    schemes: list[Scheme] = []
    for place, entry in enumerate(definition.auth):
        where = f"auth.{place}"
        own = None if isinstance(entry, NoAuth) else entry.secrets
        used = secrets if own is None else _resolved(f"{where}.secrets", own, resolve, faults)
        # Of a secret that could not be had everything has been said.
        if used is not None:
            given = Given(used, retired or (), definition.public_url, definition.format, read_file)
            schemes += _schemes(where, entry, given, faults)
    if faults:
        raise ConfigurationError("\n".join(faults))
    return Authenticator(definition, schemes)


def _schemes(where: str, entry: Auth, given: Given, faults: list[str]) -> list[Scheme]:
    module = importlib.import_module(f"notifier.sources.schemes.{_MODULES[entry.scheme]}")
    try:
        return [cast(Scheme, module.build(entry, given))]
    except ConfigurationError as error:
        faults += [f"{where}: {line}" for line in str(error).splitlines()]
        return []


def _resolved(
    where: str, texts: Sequence[str], resolve: Resolve, faults: list[str]
) -> tuple[str, ...] | None:
    found: list[str] = []
    for place, text in enumerate(texts):
        try:
            found.append(resolve(text))
        except ConfigurationError as error:
            faults += [f"{where}.{place}: {line}" for line in str(error).splitlines()]
    return tuple(found) if len(found) == len(texts) else None


def _nonsense(definition: Definition) -> Iterator[str]:
    if not definition.auth:
        yield (
            'auth: nobody could call; add [[auth]] with scheme = "hmac", "token" or another, '
            'and secrets = ["env:NAME"]'
        )
    if len(definition.auth) > 1 and any(isinstance(one, NoAuth) for one in definition.auth):
        yield 'auth: scheme "none" lets everybody in, so that the others protect nothing; keep one'
