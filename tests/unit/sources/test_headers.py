from notifier.model.times import SECOND
from notifier.sources import headers, signatures
from notifier.sources.call import Call
from notifier.sources.secrets import new_secret, parse

SECONDS = 1_795_424_400


def test_a_call_with_these_headers_is_verified() -> None:
    secret = new_secret(bytes(range(32)))
    made = headers.signed(secret, "msg-1", SECONDS, b"{}")
    sent = tuple((name.encode(), value.encode()) for name, value in made.items())
    signatures.verify(Call(sent, b"{}"), parse(secret), SECOND, SECONDS * SECOND)
    assert made["content-type"] == "application/json"
