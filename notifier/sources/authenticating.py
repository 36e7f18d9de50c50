"""How the calls of one source are authenticated: its schemes put together.

Takes a definition, what resolves its secrets and what reads its files; gives an Authenticator.
Refuses (ConfigurationError) every fault at once, one line each; (BadSignature) calls of others.
"""

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import cast

from notifier.model.errors import BadSignature, ConfigurationError, Stale
from notifier.model.times import Instant
from notifier.sources import challenge, confidential
from notifier.sources.call import Call
from notifier.sources.definition import Auth, Definition, NoAuth
from notifier.sources.schemes.base import Given, Scheme
from notifier.sources.schemes.keys import UnfitSecrets
from notifier.sources.schemes.nobody import Closed

Resolve = Callable[[str], str]
"""Of `env:NAME`, `file:PATH` or a secret, the secret; raises ConfigurationError."""

ReadFile = Callable[[str], bytes]
"""Of a path as it stands in the table, what is in the file; raises ConfigurationError."""

_NOT_TRIED = " missing"
"""How the cause ends where a call has nothing of what a scheme looks at."""

_SCHEMES = "notifier.sources.schemes"

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
        crc = definition.challenge.crc
        self._signs_for_anybody = crc is not None and not crc.token_of
        self._schemes = tuple(schemes)
        self._verify = schemes[0].verify if len(schemes) == 1 else self._several(definition)
        self._confidential = confidential.ALWAYS.union(*(one.confidential for one in schemes))

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
        if self._signs_for_anybody and challenge.may_have_been_asked(call.body):
            raise BadSignature(
                "the body may be the token of a challenge, which anybody gets signed"
            )
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
        # One that is stale may be the right one, by another clock.
        kind = Stale if any(isinstance(cause, Stale) for cause in causes) else BadSignature
        raise kind("; or ".join(_telling([str(cause) for cause in causes])))


def _telling(causes: Sequence[str]) -> Sequence[str]:
    """Leave out the ways that the caller did not go, if there is one that it did."""
    once = list(dict.fromkeys(causes))
    return [cause for cause in once if not cause.endswith(_NOT_TRIED)] or once


def authenticator(definition: Definition, resolve: Resolve, read_file: ReadFile) -> Authenticator:
    """Build what authenticates a source; raises ConfigurationError."""
    building = _Building(definition, resolve, read_file)
    schemes = building.schemes()
    if building.faults:
        raise ConfigurationError("\n".join(building.faults))
    return Authenticator(definition, schemes)


class _Building:
    """Collects every fault on the way."""

    def __init__(self, definition: Definition, resolve: Resolve, read_file: ReadFile) -> None:
        self.faults = list(_nonsense(definition))
        self._definition = definition
        self._resolve = resolve
        self._read_file = read_file
        # What each alternative says of the secrets that it has in common with the others.
        self._unfit: list[dict[int, str]] = []

    def schemes(self) -> list[Scheme]:
        shared = self._resolved("secrets", self._definition.secrets)
        retired = self._resolved("retired_secrets", self._definition.retired_secrets) or ()
        found: list[Scheme] = []
        for place, entry in enumerate(self._definition.auth):
            where = f"auth.{place}"
            own = None if isinstance(entry, NoAuth) else entry.secrets
            used = shared if own is None else self._resolved(f"{where}.secrets", own)
            # Of a secret that could not be had everything has been said.
            if used is not None:
                found += self._scheme(where, entry, self._given(used, retired), own is None)
        for place in sorted(set.intersection(*map(set, self._unfit)) if self._unfit else ()):
            self.faults += [said[place] for said in self._unfit]
        return found

    def _given(self, secrets: Sequence[str], retired: Sequence[str]) -> Given:
        definition = self._definition
        return Given(secrets, retired, definition.public_url, definition.format, self._read_file)

    def _scheme(self, where: str, entry: Auth, given: Given, shares: bool) -> list[Scheme]:
        build = importlib.import_module(f"{_SCHEMES}.{_MODULES[entry.scheme]}").build
        alternative = shares and self._definition.auth_mode == "any"
        try:
            made = [cast(Scheme, build(entry, given))]
        except UnfitSecrets as error:
            if not alternative:
                self._say(where, error)
                return []
            # GitLab's token is no signing key, and may be all there is: alternatives leave each
            # other the secrets that only one of them can use.
            self._unfit.append({at: f"{where}: {said}" for at, said in error.faults.items()})
            left = [text for at, text in enumerate(given.secrets) if at not in error.faults]
            closed = Closed(f"{entry.scheme}: {'; '.join(error.faults.values())}")
            return [cast(Scheme, build(entry, replace(given, secrets=left))) if left else closed]
        except ConfigurationError as error:
            self._say(where, error)
            return []
        if alternative:
            self._unfit.append({})
        return made

    def _say(self, where: str, error: ConfigurationError) -> None:
        self.faults += [f"{where}: {line}" for line in str(error).splitlines()]

    def _resolved(self, where: str, texts: Sequence[str]) -> tuple[str, ...] | None:
        found: list[str] = []
        for place, text in enumerate(texts):
            try:
                found.append(self._resolve(text))
            except ConfigurationError as error:
                self._say(f"{where}.{place}", error)
        return tuple(found) if len(found) == len(texts) else None


def _nonsense(definition: Definition) -> Iterator[str]:
    if not definition.auth:
        yield (
            'auth: nobody could call; add [[sources.NAME.auth]] with scheme = "hmac", "token" or '
            'another, and secrets = ["env:NAME"]'
        )
    if len(definition.auth) > 1 and any(isinstance(one, NoAuth) for one in definition.auth):
        yield 'auth: scheme "none" lets everybody in, so that the others protect nothing; keep one'
