import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.rates import Window
from notifier.model.times import DAY, HOUR, MINUTE, SECOND
from notifier.settings import places, values

READERS: dict[str, Callable[[str], object]] = {
    "switch": values.switch,
    "duration": values.duration,
    "span": values.span,
    "size": values.size,
    "whole": values.whole,
    "port": places.port,
    "host": places.host,
    "windows": values.windows,
    "mail_address": values.mail_address,
    "sender": values.sender,
    "region": values.region,
    "web_address": places.web_address,
    "ticket_url": values.ticket_url,
    "hosts": values.hosts,
    "networks": values.networks,
    "tokens": values.tokens,
}
SECRET = "Xq7SecretThatNobodyMaySeeXq7"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((text, True) for text in ("true", "1", "yes", "on", "TRUE", "Yes", "oN")),
        *((text, False) for text in ("false", "0", "no", "off", "False", "OFF")),
    ],
)
def test_a_switch_is_written_in_eight_ways_and_any_case(text: str, meant: bool) -> None:
    assert values.switch(text) is meant


@pytest.mark.parametrize("text", ["", "2", "y", "enabled", "tru", "true false"])
def test_any_other_switch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        values.switch(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("15s", 15 * SECOND),
        ("1m", MINUTE),
        ("24h", DAY),
        ("30d", 30 * DAY),
        ("400d", 400 * DAY),
        ("3650d", 3650 * DAY),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, meant: int) -> None:
    assert values.duration(text) == meant
    assert values.span(text) == meant


@pytest.mark.parametrize(
    "text", ["", "15", "s", "0s", "-1s", "1.5h", "1 m", "1w", "15S", "3651d", "1000000s", "\u0661s"]
)
def test_any_other_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="15s, 1m, 24h or 30d"):
        values.duration(text)


def test_a_span_may_be_nothing() -> None:
    assert values.span("0") == values.span("0s") == 0


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1", 1), ("512B", 512), ("256KiB", 262_144), ("1MiB", 1_048_576), ("2 MiB", 2_097_152)],
)
def test_a_size_is_in_bytes_or_binary_units(text: str, meant: int) -> None:
    assert values.size(text) == meant


@pytest.mark.parametrize("text", ["", "0", "0KiB", "-1", "1KB", "1kib", "1.5MiB", "1GiB"])
def test_any_other_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="256KiB"):
        values.size(text)


def test_a_whole_number_lies_between_1_and_100000() -> None:
    assert [values.whole(text) for text in ("1", "4", "100000")] == [1, 4, 100_000]
    for text in ("", "0", "-1", "100001", "1.0", "four", "1_0"):
        with pytest.raises(ValueError, match="from 1 to 100000"):
            values.whole(text)


def test_a_port_lies_between_0_and_65535() -> None:
    assert [places.port(text) for text in ("0", "587", "65535")] == [0, 587, 65_535]
    for text in ("", "-1", "65536", "smtp", "8080/tcp", "\u0668\u0660"):
        with pytest.raises(ValueError, match="from 0 to 65535"):
            places.port(text)


@pytest.mark.parametrize("text", ["tcp://10.0.0.1:25", "udp://10.0.0.1:53"])
def test_a_port_that_kubernetes_wrote_is_named_as_such(text: str) -> None:
    with pytest.raises(ValueError, match=r"Kubernetes' service links.*enableServiceLinks: false"):
        places.port(text)


@pytest.mark.parametrize("text", ["127.0.0.1", "::", "::1", "fe80::1%eth0", "host-1.a"])
def test_a_host_is_a_name_or_an_address(text: str) -> None:
    assert places.host(text) == text


@pytest.mark.parametrize("text", ["", "a b", "http://a", "ü.example.com", "a" * 256])
def test_any_other_host_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
        places.host(text)


def test_windows_are_separated_by_spaces_and_none_is_no_limit() -> None:
    assert values.windows("5/1m 60/1h") == (Window(5, MINUTE), Window(60, HOUR))
    assert values.windows("1/15s") == (Window(1, 15 * SECOND),)
    assert values.windows("") == ()


@pytest.mark.parametrize("text", ["5", "5/", "/1m", "0/1m", "-1/1m", "5/1m,60/1h", "5 /1m", "a/1m"])
def test_any_other_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        values.windows(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("desk@example.com", "desk@example.com"),
        ("Help.Desk+a@EXAMPLE.com", "Help.Desk+a@example.com"),
        ("desk@corp.local", "desk@corp.local"),
        ("desk@intranet", "desk@intranet"),
        ("desk@bücher.example", "desk@xn--bcher-kva.example"),
    ],
)
def test_the_grammar_of_a_mail_address_decides_not_the_kind_of_domain(
    text: str, meant: str
) -> None:
    assert values.mail_address(text) == meant


@pytest.mark.parametrize(
    "text", ["", "desk", "desk@", "@example.com", "a b@example.com", "Desk <desk@example.com>"]
)
def test_any_other_mail_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"desk@example\.com"):
        values.mail_address(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("+14155550100", "+14155550100"),
        ("+1 (415) 555-0100", "+14155550100"),
        ("12345", "12345"),
        ("HELPDESK", "HELPDESK"),
        ("Help Desk 1", "Help Desk 1"),
    ],
)
def test_texts_come_from_a_number_a_short_code_or_a_name(text: str, meant: str) -> None:
    assert values.sender(text) == meant


@pytest.mark.parametrize("text", ["", "+", "+04155550100", "12", "A name too long", "Help!"])
def test_any_other_origin_of_texts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        values.sender(text)


def test_a_region_is_two_letters_of_a_country() -> None:
    assert values.region("de") == "DE"
    for text in ("", "XX", "USA", "49"):
        with pytest.raises(ValueError, match="two letters"):
            values.region(text)


def test_a_web_address_loses_its_last_slash() -> None:
    assert places.web_address("https://notify.example.com/") == "https://notify.example.com"
    assert places.web_address("http://[::1]:8080/a/") == "http://[::1]:8080/a"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "notify.example.com",
        "ftp://example.com",
        "https://",
        "https://example.com?a=b",
        "https://example.com#top",
        "https://john:secret@example.com",
        "https://example.com:99999",
        "https://example.com:port",
        "https://exam ple.com",
        "https://[::1",
        "https://example.com/\u202e",
    ],
)
def test_any_other_web_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write (an|the) address"):
        places.web_address(text)


def test_a_ticket_url_has_a_place_for_the_ticket() -> None:
    for text in ("https://desk.example.com/tickets/{id}", "http://a.example.com/?n={number}"):
        assert values.ticket_url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "https://desk.example.com/tickets",
        "https://desk.example.com/{ticket}",
        "https://desk.example.com/{id}/{",
        "https://desk.example.com/{id}/{title}",
    ],
)
def test_a_ticket_url_with_no_place_or_another_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\{id\} or \{number\}"):
        values.ticket_url(text)


def test_hosts_are_separated_by_spaces_and_compared_in_lower_case() -> None:
    assert values.hosts("Desk.example.com  b.example.com") == {"desk.example.com", "b.example.com"}
    assert values.hosts("") == frozenset()
    for text in ("https://desk.example.com", "a.example.com,b.example.com"):
        with pytest.raises(ValueError, match="host names"):
            values.hosts(text)


def test_networks_are_separated_by_spaces_and_an_address_is_one_too() -> None:
    assert values.networks("192.0.2.7  10.0.0.0/8 2001:db8::/32") == {
        ipaddress.ip_network(one) for one in ("192.0.2.7/32", "10.0.0.0/8", "2001:db8::/32")
    }
    assert values.networks("") == frozenset()
    for text in ("10.0.0.0/33", "10.0.0.1/8", "proxy.example.com", "10.0.0.1,10.0.0.2"):
        with pytest.raises(ValueError, match="addresses and networks separated by spaces"):
            values.networks(text)


def test_each_token_needs_20_characters() -> None:
    assert values.tokens("a" * 20 + " " + "b" * 25) == ("a" * 20, "b" * 25)
    for text in ("a" * 19, "a" * 20 + " short", "ä" * 20):
        with pytest.raises(ValueError, match="20 ASCII characters"):
            values.tokens(text)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_refusal_is_a_value_error_that_never_repeats_the_text(
    read: Callable[[str], object], before: str, after: str
) -> None:
    said = ""
    try:
        read(f"{before}{SECRET}{after}")
    except ValueError as error:
        said = str(error)
    assert SECRET.lower() not in said.lower()


@given(address=st.ip_addresses(), port=st.integers(1, 65_535))
def test_every_numeric_address_is_a_host_and_stands_in_a_web_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    written = f"[{address}]" if address.version == 6 else str(address)
    assert places.host(str(address)) == str(address)
    assert places.web_address(f"http://{written}:{port}") == f"http://{written}:{port}"
