"""Who calls: the address behind the reverse proxies that are trusted.

Takes a call's connection and headers, gives an address. Refuses to believe a header of anybody
who is not in TRUSTED_PROXIES; what cannot be read as an address gives "", which nobody is.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

_HEADER = b"x-forwarded-for"
_MOST = 50
"""Addresses that are looked at; no honest call passes more proxies."""

_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::[0-9]+)?|(?P<four>[0-9.]+):[0-9]+")


class Callers:
    """Knows the proxies."""

    def __init__(self, trusted: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        """`trusted` are addresses that only proxies of our own have."""
        self._trusted = tuple(trusted)

    def address(self, scope: Scope) -> str:
        """Give the address of whoever sent a call, "" when it is not known.

        Behind trusted proxies it is the right-most one in X-Forwarded-For that is none of them.
        """
        peer: tuple[str, int] | None = scope.get("client")
        if peer is None:
            return ""
        if not self._trusted or not self._trusts(_read(peer[0])):
            return peer[0]
        nearest: str = peer[0]
        for text in self._forwarded(scope["headers"]):
            found = _read(text)
            if not self._trusts(found):
                return "" if found is None else str(found)
            nearest = str(found)
        return nearest

    def _forwarded(self, headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
        joined = b",".join(value for name, value in headers if name == _HEADER)
        words = joined.decode("latin-1").rsplit(",", _MOST)[-_MOST:]
        return [word.strip() for word in reversed(words)] if joined else []

    def _trusts(self, found: IPv4Address | IPv6Address | None) -> bool:
        return found is not None and any(found in network for network in self._trusted)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    with_port = _WITH_PORT.fullmatch(text)
    if with_port:
        text = with_port["six"] or with_port["four"]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # A socket that listens on :: sees callers of IPv4 like this.
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
