import pytest

from notifier.sources.call import Call
from notifier.sources.confidential import hidden, without_secrets

CALL = Call(
    headers=(
        (b"x-token", b"secret-1"),
        (b"content-type", b"application/json"),
        (b"authorization", b"Bearer secret-2"),
        (b"cookie", b"secret-3"),
    ),
    body=b"{}",
    query=b"a=1&api%5Fkey=secret-4&b",
    tail="secret-5",
)
NAMES = frozenset({"x-token", "?api_key"})


def test_what_is_kept_has_no_secrets() -> None:
    kept = without_secrets(CALL, NAMES)
    assert kept.headers == ((b"content-type", b"application/json"),)
    assert (kept.query, kept.tail, kept.body) == (b"a=1&b", "", b"{}")


def test_what_is_shown_says_where_they_were() -> None:
    shown = hidden(CALL, NAMES)
    assert dict(shown.headers) == {
        b"x-token": b"(hidden)",
        b"content-type": b"application/json",
        b"authorization": b"(hidden)",
        b"cookie": b"(hidden)",
    }
    assert (shown.query, shown.tail) == (b"a=1&api%5Fkey=(hidden)&b", "(hidden)")


def test_a_call_without_secrets_stays_as_it_is() -> None:
    plain = Call(((b"content-type", b"text/plain"),), b"x")
    assert without_secrets(plain, frozenset()) == plain
    assert hidden(plain, frozenset()) == plain


def shown_body(body: bytes, *places: str, kind: str = "application/json") -> bytes:
    call = Call(((b"content-type", kind.encode()),), body)
    return hidden(call, frozenset(places)).body


def test_a_secret_in_the_body_is_hidden_wherever_it_stands() -> None:
    body = b'{"auth": {"token": "secret-1"}, "again": "secret-1", "a": 1}'
    assert shown_body(body, "body:auth.token") == (
        b'{"auth": {"token": "(hidden)"}, "again": "(hidden)", "a": 1}'
    )
    assert shown_body(b'{"t": "\\u00e9\\"x"}', "body:t") == b'{"t": "(hidden)"}'
    form = "application/x-www-form-urlencoded"
    assert shown_body(b"token=a%2Fb+c&x=1", "body:token", kind=form) == b"token=(hidden)&x=1"
    assert shown_body(b"", "body:token") == b""


@pytest.mark.parametrize(
    "body", [b"no JSON: secret", b'{"other": "secret"}', b'{"token": "\\u0073ecret"}']
)
def test_where_a_secret_cannot_be_found_the_whole_body_is_hidden(body: bytes) -> None:
    assert shown_body(body, "body:token") == b"(hidden)"


def test_a_secret_that_was_put_where_none_belongs_is_not_shown() -> None:
    headers = ((b"X-Auth-Token", b"secret-1"), (b"x-api-key", b"secret-2"), (b"x-kind", b"a"))
    call = Call(headers, b"{}", query=b"client%5Fsecret=s&page=1&PASSWORD=p&flag")
    shown = hidden(call, frozenset())
    assert [text for _, text in shown.headers] == [b"(hidden)", b"(hidden)", b"a"]
    assert shown.query == b"client%5Fsecret=(hidden)&page=1&PASSWORD=(hidden)&flag"
    assert without_secrets(call, frozenset()) == call
