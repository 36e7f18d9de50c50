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
