"""Webhook secrets: which text is one, and that none ever shows itself."""

import base64

import pytest

from notifier.model.errors import ConfigurationError
from notifier.sources.secrets import Secret, new_secret, parse

KEY = bytes(range(60, 92))


def written(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@pytest.mark.parametrize("length", [24, 25, 32, 63, 64])
def test_a_secret_holds_24_to_64_bytes(length: int) -> None:
    key = bytes(range(length))
    (secret,) = parse(written(key))
    assert secret.key == key


@pytest.mark.fault("G7")
@pytest.mark.parametrize("length", [0, 1, 23, 65, 1000])
def test_a_shorter_or_longer_secret_is_refused(length: int) -> None:
    with pytest.raises(ConfigurationError, match=f"24 to 64 bytes, not {length}"):
        parse(written(bytes(length)))
    with pytest.raises(ConfigurationError, match=f"24 to 64 bytes, not {length}"):
        Secret(bytes(length))


def test_several_secrets_are_read_in_their_order() -> None:
    keys = [b"a" * 24, b"b" * 32, b"c" * 64]
    text = f" {written(keys[0])}  {written(keys[1])}\n\t{written(keys[2])}\n"
    assert [secret.key for secret in parse(text)] == keys


@pytest.mark.fault("G7")
@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_no_text_is_no_secret(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize("length", [25, 26])
def test_padding_may_be_left_out(length: int) -> None:
    (secret,) = parse(written(bytes(length)).rstrip("="))
    assert secret.key == bytes(length)


@pytest.mark.fault("G7")
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (base64.b64encode(KEY).decode(), "begin with whsec_"),
        ("WHSEC_" + base64.b64encode(KEY).decode(), "begin with whsec_"),
        ("whsk_" + base64.b64encode(KEY).decode(), "begin with whsec_"),
        ("secret", "begin with whsec_"),
        ("whsec_" + base64.urlsafe_b64encode(b"\xff" * 32).decode(), "must be base64"),
        (written(KEY) + "=", "must be base64"),
        (written(KEY) + "!", "must be base64"),
        (written(KEY) + "\u00e9", "must be base64"),
        ("whsec_" + "A" * 33, "must be base64"),
        ("whsec_", "24 to 64 bytes"),
    ],
)
def test_text_that_is_no_secret_is_refused_with_how_to_mend_it(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what) as caught:
        parse(text)
    assert "`notifier init`" in str(caught.value)


def test_every_wrong_secret_is_named_by_its_place_in_a_line_of_its_own() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(f"first {written(KEY)} {written(b'third')}")
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Webhook secret 1 of 3",
        "Webhook secret 3 of 3",
    ]


@pytest.mark.parametrize("prefix", ["", "whsec_", "whsec_!"])
def test_no_error_repeats_a_secret(prefix: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(prefix + "c2VjcmV0")
    error: BaseException | None = caught.value
    while error is not None:
        assert "c2VjcmV0" not in repr(error)
        error = error.__cause__


def test_a_secret_shows_nothing_of_itself() -> None:
    secret = Secret(b"secret-of-the-tests-0123")
    for text in (repr(secret), str(secret), f"{secret}", repr([secret])):
        assert "secret-of" not in text
        assert text.strip("[]") == "Secret()"


def test_a_new_secret_is_read_back() -> None:
    text = new_secret(KEY)
    assert text == written(KEY)
    assert parse(text)[0].key == KEY


def test_a_new_secret_is_not_made_of_too_little() -> None:
    with pytest.raises(ConfigurationError, match="24 to 64 bytes, not 8"):
        new_secret(bytes(8))
