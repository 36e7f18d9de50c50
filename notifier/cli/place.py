"""Where the running service is, and what it lets in.

Takes NOTIFIER_URL and NOTIFIER_TOKEN, else the settings HOST, PORT and API_TOKENS. Gives an address
and a token. Refuses (ConfigurationError) what cannot be one. Imports little, so that a health
check, which asks for the address alone, is quick.
"""

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path

from notifier.model.errors import ConfigurationError
from notifier.settings import places, reading

TOKEN = "NOTIFIER_TOKEN"  # noqa: S105 - the name of a variable, not what it holds


def url(env_file: Path | None) -> str:
    """Give where the service is, without looking at any setting but HOST and PORT."""
    given = _given()
    if given is not None:
        return given
    written = reading.gather(os.environ, env_file, ("HOST", "PORT"))
    if written.faults:
        raise ConfigurationError("\n".join(written.faults))
    try:
        name = "HOST"
        host = places.host(written.values.get(name, places.HOST))
        name = "PORT"
        port = places.port(written.values.get(name, str(places.PORT)))
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    return _address(host, port)


def of(host: str, port: int) -> str:
    """Give where the service is: NOTIFIER_URL, else where these settings make it listen."""
    return _given() or _address(host, port)


def token(known: Sequence[str]) -> str:
    """Give NOTIFIER_TOKEN, else the first of `known`, the tokens that the settings hold."""
    given = os.environ.get(TOKEN)
    if not given and not known:
        raise ConfigurationError(
            f"API_TOKENS: not set, so /v1 lets nobody in; run notifier init, or set {TOKEN}"
        )
    found = given or known[0]
    if not (found.isascii() and found.isprintable()):
        raise ConfigurationError(f"{TOKEN}: write one of the service's API_TOKENS")
    return found


def _given() -> str | None:
    given = os.environ.get("NOTIFIER_URL")
    if not given:
        return None
    try:
        return places.web_address(given)
    except ValueError as error:
        raise ConfigurationError(f"NOTIFIER_URL: {error}") from None


def _address(host: str, port: int) -> str:
    return f"http://{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{host}]" if isinstance(address, ipaddress.IPv6Address) else host
