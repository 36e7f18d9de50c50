from typing import Any

import pytest

from notifier.app import source_safety, source_words
from notifier.model.times import DAY, HOUR, MINUTE, SECOND
from notifier.sources.definition import Definition, read

HMAC = {"scheme": "hmac", "header": "x-signature"}
NONE = {"scheme": "none"}


def made(*auth: dict[str, Any], **more: Any) -> Definition:
    return read("desk", {"auth": list(auth), **more})


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        (HMAC, "HMAC-SHA256 in x-signature"),
        ({**HMAC, "algorithm": "sha1"}, "HMAC-SHA1 in x-signature"),
        (
            {"scheme": "digest", "header": "x-digest", "signed": "{body}{secret}"},
            "SHA256 digest in x-digest",
        ),
        ({"scheme": "ed25519", "header": "x-key"}, "Ed25519 signature in x-key"),
        ({"scheme": "token", "in": "header", "name": "x-token"}, "token in the header x-token"),
        ({"scheme": "token", "in": "bearer"}, "bearer token"),
        ({"scheme": "token", "in": "query", "name": "key"}, "token in the parameter key"),
        ({"scheme": "token", "in": "path"}, "token in the path"),
        ({"scheme": "token", "in": "body", "name": "a.b"}, "token in the body at a.b"),
        ({"scheme": "basic", "user": "desk"}, "HTTP Basic as desk"),
        ({"scheme": "jwt", "algorithms": ["HS256", "RS256"]}, "JWT (HS256, RS256) in authorizat"),
        ({"scheme": "rfc9421"}, "HTTP message signature (hmac-sha256)"),
        (NONE, "none: anybody may call"),
    ],
)
def test_every_scheme_is_said_in_words(auth: dict[str, Any], said: str) -> None:
    assert source_words.authentication(made(auth)).startswith(said)


def test_several_schemes_and_networks_are_one_phrase() -> None:
    token = {"scheme": "token", "in": "bearer"}
    both = [HMAC, token]
    assert source_words.authentication(made(*both)) == "HMAC-SHA256 in x-signature or bearer token"
    assert (
        source_words.authentication(made(*both, auth_mode="all", allow_ips=["192.0.2.0/24"]))
        == "HMAC-SHA256 in x-signature and bearer token, from 192.0.2.0/24 only"
    )
    assert source_words.authentication(made()) == "nothing: every call is refused"


def test_open_is_what_anybody_may_call() -> None:
    assert source_words.is_open(made(NONE))
    assert source_words.is_open(made(NONE, HMAC))
    assert not source_words.is_open(made(NONE, HMAC, auth_mode="all"))
    assert not source_words.is_open(made(NONE, allow_ips=["192.0.2.1"]))
    assert not source_words.is_open(made(HMAC))
    assert not source_words.is_open(made(auth_mode="all"))


@pytest.mark.parametrize(
    ("time", "said"),
    [(30 * DAY, "30d"), (25 * HOUR, "25h"), (90 * MINUTE, "90m"), (61 * SECOND, "61s")],
)
def test_durations_are_said_as_they_are_written(time: int, said: str) -> None:
    assert source_words.length(time) == said


@pytest.mark.parametrize(
    ("auth", "more", "holds"),
    [
        (HMAC, {"secrets": ["env:A", "file:b"]}, False),
        (HMAC, {"secrets": ["env:A", "text"]}, True),
        (HMAC, {"retired_secrets": ["text"]}, True),
        ({**HMAC, "secrets": ["text"]}, {}, True),
        ({"scheme": "ed25519", "header": "x"}, {"secrets": ["whpk_text"]}, False),
        ({"scheme": "jwt", "algorithms": ["RS256"]}, {"secrets": ["-----BEGIN"]}, False),
        ({"scheme": "jwt", "algorithms": ["HS256"]}, {"secrets": ["text"]}, True),
        ({"scheme": "rfc9421", "algorithm": "ed25519"}, {"secrets": ["text"]}, False),
        ({"scheme": "rfc9421"}, {"secrets": ["text"]}, True),
        (NONE, {"secrets": ["text"]}, False),
    ],
)
def test_a_secret_in_the_table_is_noticed_and_a_public_key_is_none(
    auth: dict[str, Any], more: dict[str, Any], holds: bool
) -> None:
    assert source_safety.holds_secret(made(auth, **more)) is holds


def test_the_age_of_a_message_signature_is_held_by_the_window_too() -> None:
    (fault,) = source_safety.faults(made({"scheme": "rfc9421", "max_age": "2h"}))
    assert fault.startswith("auth.0.max_age: 2h is longer than dedupe.body_window (1h)")
    assert source_safety.faults(made({"scheme": "rfc9421"}, HMAC, NONE)) == []
