"""Which links are shown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.events import Ticket
from notifier.rendering.links import LONGEST, link_of
from tests.unit.rendering.examples import STYLE

TEMPLATE = "https://desk.example.com/tickets/{id}"


def own(url: str | None, *hosts: str) -> str | None:
    return link_of(Ticket("1", "Title", "1", url=url), replace(STYLE, url_hosts=frozenset(hosts)))


def configured(template: str, ticket_id: str = "1", number: str = "#1") -> str | None:
    return link_of(Ticket(ticket_id, "Title", number), replace(STYLE, url_template=template))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://desk.example.com/tickets/123", "https://desk.example.com/tickets/123"),
        ("HTTPS://Desk.Example.com/A?b=c&d=%20#e", "https://desk.example.com/A?b=c&d=%20#e"),
        ("http://127.0.0.1:8080/t/1", "http://127.0.0.1:8080/t/1"),
        ("http://[::1]:8080/t", "http://[::1]:8080/t"),
        ("https://desk/t", "https://desk/t"),
        ("https://desk.example.com", "https://desk.example.com"),
        ("https://desk.example.com/Drucker/öffnen", "https://desk.example.com/Drucker/%C3%B6ffnen"),
        ("https://bücher.example.com/1", "https://xn--bcher-kva.example.com/1"),
    ],
)
def test_a_link_to_a_host_is_shown_in_printable_ascii(url: str, shown: str) -> None:
    assert own(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://desk.example.com/",
        "//desk.example.com/",
        "/tickets/1",
        "https:/desk.example.com",
        "https://",
        "https:///tickets",
        "https://user@desk.example.com/",
        "https://user:word@desk.example.com/",
        "https://@desk.example.com/",
        "https://desk.example.com/a b",
        " https://desk.example.com/",
        "https://desk.example.com/\t",
        "https://desk.example.com/\r\nX: y",
        "https://desk.example.com/\x00",
        'https://desk.example.com/"onclick=',
        "https://desk.example.com/'x",
        "https://desk.example.com/<b>",
        "https://desk.example.com\\@evil.example.com/",
        "https://desk.example.com:port/",
        "https://desk.example.com:99999/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://desk%2eexample.com/",
        "https://desk..example.com:x",
        "https://-desk.example.com/",
        "https://" + "a" * 64 + "ä.example.com/",
        "https://desk.example.com/\u202e",
        "https://desk.example.com/\ud800",
        "https://desk[::1]/",
        "https://desk.example.com:/",
        "https://desk.example.com/" + "a" * LONGEST,
        "https://desk.example.com/" + "ä" * 400,
    ],
)
def test_anything_else_is_not_shown(url: str | None) -> None:
    assert own(url) is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://desk.example.com/1", True),
        ("https://DESK.example.com./1", True),
        ("https://desk.example.com:8443/1", True),
        ("https://other.example.com:8443/1", True),
        ("https://other.example.com/1", False),
        ("https://evil.example.com/desk.example.com", False),
        ("https://desk.example.com.evil.example.com/", False),
        ("https://evil-desk.example.com/", False),
    ],
)
def test_only_listed_hosts_are_linked_to(url: str, shown: bool) -> None:
    assert (own(url, "Desk.example.com", "other.example.com:8443") is not None) == shown


def test_a_link_to_a_foreign_host_gives_way_to_the_configured_one() -> None:
    style = replace(STYLE, url_template=TEMPLATE, url_hosts=frozenset({"intranet.example.com"}))
    ticket = Ticket("1", "Title", "1", url="https://evil.example.com/1")
    assert link_of(ticket, style) == "https://desk.example.com/tickets/1"


@pytest.mark.parametrize(
    ("ticket_id", "number", "shown"),
    [
        ("123", "#7", "https://desk.example.com/123?n=%237"),
        ("a/../b?c#d", "7", "https://desk.example.com/a%2F..%2Fb%3Fc%23d?n=7"),
        ("{number}", "{id}", "https://desk.example.com/%7Bnumber%7D?n=%7Bid%7D"),
        ("ä\ud800\r\n", "7", "https://desk.example.com/%C3%A4%3F%0D%0A?n=7"),
        ("x" * LONGEST, "7", None),
        ("x", "7" * 1_000_000, None),
    ],
)
def test_the_configured_link_takes_id_and_number_percent_encoded(
    ticket_id: str, number: str, shown: str | None
) -> None:
    assert configured("https://desk.example.com/{id}?n={number}", ticket_id, number) == shown


@given(st.text(st.characters(), max_size=60))
def test_hostile_text_never_raises_and_never_leaves_an_attribute(hostile: str) -> None:
    for shown in (
        own(hostile),
        own(f"https://{hostile}"),
        own(f"https://desk.example.com/{hostile}"),
        configured(TEMPLATE, hostile),
        configured(f"https://{hostile}/", hostile),
    ):
        assert shown is None or (shown.isascii() and shown.isprintable())
        assert not set(shown or "") & set("\"'<>` \\")
        assert shown is None or shown.startswith(("http://", "https://"))
