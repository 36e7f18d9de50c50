from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from starlette.types import Scope

from notifier.web.callers import Callers

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"), ip_network("192.0.2.1")]


def scope(peer: str | None, *forwarded: str) -> Scope:
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    return {"client": None if peer is None else (peer, 5), "headers": [(b"a", b"b"), *headers]}


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.1", "::1"])
def test_without_proxies_it_is_whoever_connected(peer: str) -> None:
    assert Callers().address(scope(peer, "198.51.100.1")) == peer


def test_a_connection_without_an_address_has_none() -> None:
    assert Callers(PROXIES).address(scope(None, "198.51.100.1")) == ""


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("192.0.2.1", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8::1", ["2001:4860::1"], "2001:4860::1"),
        ("10.0.0.1", ["203.0.113.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.66", "198.51.100.1,10.0.0.2", "10.0.0.3"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:4860::1]:4711"], "2001:4860::1"),
        ("10.0.0.1", ["[2001:4860::1]"], "2001:4860::1"),
        ("10.0.0.1", ["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        ("10.0.0.1", ["198.51.100.1, unknown"], ""),
        ("10.0.0.1", ["\xff"], ""),
        ("10.0.0.1", ["198.51.100.1, "], ""),
        ("10.0.0.1", [", ".join(["198.51.100.1"] + ["10.0.0.2"] * 60)], "10.0.0.2"),
    ],
)
def test_behind_trusted_proxies_it_is_the_right_most_address_that_is_none_of_them(
    peer: str, forwarded: Sequence[str], caller: str
) -> None:
    assert Callers(PROXIES).address(scope(peer, *forwarded)) == caller
