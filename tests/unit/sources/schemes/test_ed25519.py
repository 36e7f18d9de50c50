"""Ed25519: how public keys and signatures may be written."""

import base64
from dataclasses import replace

import pytest

from notifier.sources.definition import Definition
from tests.presets import signing
from tests.unit.sources.schemes.desk import (
    ASYMMETRIC,
    NOW,
    built,
    desk,
    fault,
)


def configured_keys() -> list[str]:
    """Give one public key in every way it may be written."""
    pair = signing.invented(desk(ASYMMETRIC).definition.auth[0])
    raw = base64.b64decode(pair.configured.removeprefix("whpk_"))
    der = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + raw).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n"
    return [pair.configured, pair.configured.removeprefix("whpk_"), der, pem, f" {pem}"]


@pytest.mark.parametrize("place", range(5))
def test_a_public_key_may_be_written_in_several_ways(place: int) -> None:
    sender = desk(ASYMMETRIC)
    table = {"auth": [ASYMMETRIC], "secrets": [configured_keys()[place]]}
    built(table).verify(sender.call(), NOW)


@pytest.mark.parametrize("encoding", ["hex", "base64", "base64url"])
def test_signatures_of_ed25519_have_every_spelling(encoding: str) -> None:
    sender = desk({**ASYMMETRIC, "encoding": encoding})
    assert sender.cause(sender.call()) is None
    call = sender.call()
    short = (b"webhook-signature", b"v1a,AAAA")
    odd = (b"webhook-signature", b"v1a," + b"0" * (127 if encoding == "hex" else 85))
    for header in (short, odd):
        broken = replace(call, headers=(*call.headers[:-1], header))
        assert sender.cause(broken) == (
            f"header Webhook-Signature: signature is not {encoding} of 64 bytes"
        )


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("whsk_" + "A" * 86 + "==", "is a private key (whsk_); put the public one here (whpk_)"),
        ("whpk_" + "A" * 40, "is no public key of Ed25519, which has 32 bytes"),
        ("whpk_*", "is shorter than 6 characters"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "is no PEM of an Ed25519"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "is no PEM of an Ed25519"),
    ],
)
def test_what_is_no_public_key_is_refused(secret: str, said: str) -> None:
    assert fault(ASYMMETRIC, secrets=[secret]).startswith(f"auth.0: secret 1 of 1 {said}")


def test_a_public_key_of_another_kind_is_refused() -> None:
    jwt = Definition.model_validate({"auth": [{"scheme": "jwt", "algorithms": ["ES256"]}]})
    other = signing.invented(jwt.auth[0]).configured
    assert "is no PEM of an Ed25519 public key" in fault(ASYMMETRIC, secrets=[other])
