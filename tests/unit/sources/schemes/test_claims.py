"""Tokens of claims: who may have signed them, for whom, and until when."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from notifier.model.errors import BadSignature, ConfigurationError, Stale
from notifier.sources.call import Call
from notifier.sources.definition import Definition
from tests.presets.signing import Pair, invented
from tests.unit.sources.schemes.desk import (
    BODY,
    JWT,
    NOW,
    SECONDS,
    SHARED_JWT,
    built,
    cause,
    desk,
    fault,
)

CLAIMS = {"iss": "desk", "aud": "notifier", "iat": SECONDS, "exp": SECONDS + 60}
SHARED = "a-shared-secret-of-the-tests-0123456789"
NO_MATCH = "the token in header authorization: no signature matches: wrong secret or changed token"


def pair(algorithm: str, seed: int = 1) -> Pair:
    table = {"auth": [{"scheme": "jwt", "algorithms": [algorithm]}]}
    return invented(Definition.model_validate(table).auth[0], seed)


def token(claims: object, algorithm: str = "RS256", seed: int = 1, **header: Any) -> str:
    """Give a token as the honest sender signs it, whatever it claims."""
    private = load_pem_private_key(pair(algorithm, seed).signing.encode(), None)
    content = json.dumps(claims).encode()
    return jwt.PyJWS().encode(content, private, algorithm, header)  # type: ignore[arg-type]


def by_hand(header: Mapping[str, Any], key: bytes, claims: Mapping[str, Any] = CLAIMS) -> str:
    """Give a token with any header, signed by HMAC-SHA256."""
    parts = [json.dumps(part).encode() for part in (header, claims)]
    first = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    raw = hmac.digest(key, first, hashlib.sha256)
    return (first + b"." + base64.urlsafe_b64encode(raw).rstrip(b"=")).decode()


def called(text: str, name: str = "authorization") -> Call:
    return Call(((name.encode(), text.encode()),), BODY)


def said(text: str, auth: Mapping[str, Any] = JWT, **more: Any) -> str | None:
    table = {"secrets": [pair("RS256").configured], **more, "auth": [auth]}
    return cause(built(table), called(text))


def shared(text: str, **more: Any) -> str | None:
    auth = {"scheme": "jwt", "header": "X-Token", "algorithms": ["HS256"], **more}
    return cause(built({"secrets": [SHARED], "auth": [auth]}), called(text, "x-token"))


# -- who signed ----------------------------------------------------------------------------------


def test_a_token_comes_bare_or_as_a_bearer() -> None:
    assert said(token(CLAIMS)) is None
    assert said("Bearer " + token(CLAIMS)) is None
    assert said("bearer " + token(CLAIMS)) is None
    assert said("Basic " + token(CLAIMS)) == "header authorization holds no JWT"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "", "HS256", "RS384", "PS256", None, 7, ["RS256"], {}]
)
def test_no_other_algorithm_is_let_in(algorithm: object) -> None:
    public = pair("RS256").configured
    forged = by_hand({"alg": algorithm, "typ": "JWT"}, public.encode())
    unsigned = forged.rpartition(".")[0] + "."
    for text in (forged, unsigned):
        assert said(text) in (
            "the token is not signed by RS256",
            "header authorization holds no JWT",
        )


def test_a_public_key_is_no_shared_secret() -> None:
    public = pair("RS256").configured
    both = {**JWT, "algorithms": ["RS256", "HS256"]}
    assert fault(both, secrets=[public]) == (
        "auth.0: algorithms: HS… and others need sources of their own"
    )
    assert fault({**JWT, "algorithms": ["HS256"]}, secrets=[public]) == (
        "auth.0: secret 1 of 1 is a PEM, which is no key of HS256 and the like"
    )


def test_a_key_is_used_for_its_own_algorithm_only() -> None:
    auth = {**JWT, "algorithms": ["RS256", "ES256"]}
    both = [pair("RS256").configured, pair("ES256").configured]
    assert said(token(CLAIMS), auth, secrets=both) is None
    assert said(token(CLAIMS, "ES256"), auth, secrets=both) is None
    assert said(token(CLAIMS, "ES256"), auth, secrets=both[:1]) == NO_MATCH


@pytest.mark.parametrize("text", ["a.b", "a.b.c", "", "....", "é.é.é", "e30.e30.e30"])
def test_noise_is_no_token(text: str) -> None:
    assert said(text)


def test_a_token_has_a_length() -> None:
    assert said("x" * 16_385) == "the token is longer than 16384 bytes"


def test_a_header_that_must_be_understood_is_not() -> None:
    header = {"alg": "HS256", "crit": ["exp"], "exp": 1}
    assert shared(by_hand(header, SHARED.encode())) == "header X-Token holds no JWT"
    assert shared(by_hand({"alg": "HS256"}, SHARED.encode())) is None


# -- what it claims ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"iss": "other"}, "iss of the token is not the issuer that is configured"),
        ({"iss": None}, "iss of the token is not the issuer that is configured"),
        ({"aud": "other"}, "aud of the token is not the audience that is configured"),
        ({"aud": None}, "aud of the token is not the audience that is configured"),
        ({"aud": ["other", "notifier"]}, None),
        ({"exp": None}, "the token has no exp"),
        ({"exp": "soon"}, "exp of the token is not a number"),
        ({"exp": True}, "exp of the token is not a number"),
        ({"exp": -1}, "exp of the token is no time"),
        ({"exp": 1e300}, "exp of the token is no time"),
        ({"exp": float("nan")}, "exp of the token is no time"),
        ({"exp": 10**400}, "exp of the token is no time"),
        ({"exp": SECONDS + 0.5}, None),
        ({"exp": SECONDS - 60}, None),
        ({"exp": SECONDS - 61}, "the token expired 61 s ago"),
        ({"nbf": SECONDS + 60}, None),
        ({"nbf": SECONDS + 61}, "nbf of the token is 61 s in the future"),
        ({"iat": SECONDS + 61}, "iat of the token is 61 s in the future"),
        (
            {"exp": NOW + 60_000},
            "exp of the token is in milliseconds; say milliseconds = true if it always is",
        ),
    ],
)
def test_what_is_claimed_must_hold(change: dict[str, Any], text: str | None) -> None:
    assert said(token({**CLAIMS, **change})) == text


def test_what_is_old_is_stale_what_is_for_others_is_bad() -> None:
    verifying = built({"secrets": [pair("RS256").configured], "auth": [JWT]})
    with pytest.raises(Stale):
        verifying.verify(called(token({**CLAIMS, "exp": SECONDS - 61})), NOW)
    with pytest.raises(BadSignature) as caught:
        verifying.verify(called(token({**CLAIMS, "aud": "other"})), NOW)
    assert type(caught.value) is BadSignature


@pytest.mark.parametrize("unit", [1, 1000])
def test_times_may_be_in_milliseconds(unit: int) -> None:
    def made(seconds: int) -> str:
        claims = {"exp": (SECONDS + seconds) * unit, "iat": SECONDS * unit}
        return by_hand({"alg": "HS256"}, SHARED.encode(), claims)

    assert shared(made(1), milliseconds=True) is None
    assert shared(made(-61), milliseconds=True) == "the token expired 61 s ago"


@pytest.mark.parametrize("content", [[], "text", 7, None])
def test_claims_are_an_object(content: object) -> None:
    assert said(token(content)) == "the token holds no claims"


def test_what_is_signed_may_be_no_json() -> None:
    private = load_pem_private_key(pair("RS256").signing.encode(), None)
    text = jwt.PyJWS().encode(b"no JSON", private, "RS256")  # type: ignore[arg-type]
    assert said(text) == "the token holds no claims"


def test_without_issuer_and_audience_anybody_with_the_key_may_call() -> None:
    assert said(token({"exp": SECONDS}), {"scheme": "jwt", "algorithms": ["RS256"]}) is None


# -- key sets ------------------------------------------------------------------------------------


def member(algorithm: str = "RS256", seed: int = 1, **more: Any) -> dict[str, Any]:
    key: Any = load_pem_public_key(pair(algorithm, seed).configured.encode())
    kinds: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
    made: dict[str, Any] = kinds[algorithm].to_jwk(key, as_dict=True)
    return {**made, **more}


def of_set(text: str, *members: object, algorithms: tuple[str, ...] = ("RS256",)) -> str | None:
    auth = {"scheme": "jwt", "algorithms": list(algorithms), "jwks_file": "keys.json"}
    files = {"keys.json": json.dumps({"keys": members}).encode()}
    return cause(built({"auth": [auth]}, files), called(text))


def test_a_set_of_keys_is_read_from_its_file() -> None:
    for algorithm in ("RS256", "ES256", "EdDSA"):
        text = token(CLAIMS, algorithm)
        assert of_set(text, member(algorithm), algorithms=(algorithm,)) is None
        assert of_set(text, member(algorithm, seed=2), algorithms=(algorithm,)) == NO_MATCH


def test_of_a_set_the_key_that_is_named_counts() -> None:
    first, second = member(kid="one"), member(seed=2, kid="two")
    assert of_set(token(CLAIMS, kid="one"), first, second) is None
    assert of_set(token(CLAIMS, seed=2, kid="two"), first, second) is None
    assert of_set(token(CLAIMS, kid="two"), first, second) == NO_MATCH
    assert of_set(token(CLAIMS, seed=2), first, second) is None
    assert of_set(token(CLAIMS, kid="any"), member()) is None


def test_a_set_may_hold_a_shared_key() -> None:
    secret = {"kty": "oct", "k": base64.urlsafe_b64encode(SHARED.encode()).decode().rstrip("=")}
    text = by_hand({"alg": "HS256"}, SHARED.encode())
    assert of_set(text, secret, algorithms=("HS256",)) is None


def test_of_a_private_key_in_a_set_the_public_part_counts() -> None:
    private: Any = load_pem_private_key(pair("RS256").signing.encode(), None)
    assert of_set(token(CLAIMS), RSAAlgorithm.to_jwk(private, as_dict=True)) is None


@pytest.mark.parametrize(
    "unfit",
    [
        "text",
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        member("ES256"),
        member(use="enc"),
        member(alg="RS512"),
    ],
)
def test_keys_that_do_not_fit_are_passed_over(unfit: object) -> None:
    auth = {"scheme": "jwt", "algorithms": ["RS256"], "jwks_file": "keys.json"}
    table = {"auth": [auth]}

    def told(content: object) -> str:
        try:
            built(table, {"keys.json": json.dumps(content).encode()})
        except ConfigurationError as error:
            return str(error)
        return ""

    assert told({"keys": [unfit]}) == "auth.0: jwks_file: holds no key of RS256 that signs"
    assert told({"keys": [unfit, member()]}) == ""


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"7", b'{"keys": 7}', b"[" * 9_000, b"\xff"]
)
def test_a_file_without_a_set_is_refused(content: bytes) -> None:
    auth = {"scheme": "jwt", "algorithms": ["RS256"], "jwks_file": "keys.json"}
    with pytest.raises(ConfigurationError, match="jwks_file: holds no key set"):
        built({"auth": [auth]}, {"keys.json": content})


def test_a_secret_may_be_a_whole_set() -> None:
    keys = json.dumps({"keys": [member(kid="one"), member(seed=2, kid="two")]})
    assert said(token(CLAIMS, kid="one"), secrets=[f"\n{keys}\n"]) is None
    assert said(token(CLAIMS, seed=2, kid="two"), secrets=[keys]) is None
    assert said(token(CLAIMS, seed=3), secrets=[keys]) == NO_MATCH
    both = [pair("RS256", 3).configured, keys]
    assert said(token(CLAIMS, seed=3), secrets=both) is None
    assert said(token(CLAIMS, seed=2), secrets=both) is None
    old = "the token in header authorization: signed with a secret that is no longer active"
    assert said(token(CLAIMS, seed=2), retired_secrets=[keys]) == old


@pytest.mark.parametrize("secret", ["{}", '{"keys": 7', '{"keys": []}'])
def test_a_secret_that_is_a_set_without_a_key_is_refused(secret: str) -> None:
    wrong = fault({**JWT, "algorithms": ["RS256"]}, secrets=[secret])
    assert wrong is not None
    assert wrong.startswith("auth.0: secret 1 of 1 holds no key")


# -- tables that cannot work ---------------------------------------------------------------------


def small_key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    public = private.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("a-secret", "is no PEM; copy it whole, from -----BEGIN PUBLIC KEY----- on"),
        (pair("RS256").signing, "is a private key; put the public one here"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA", "is no PEM that can be read; copy it whole"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", "is no PEM that can be read; copy it whole"),
        (pair("ES256").configured, "is no key of RS256"),
        (pair("EdDSA").configured, "is no key of RS256"),
        (small_key(), "is an RSA key of less than 2048 bits"),
    ],
)
def test_what_is_no_key_of_the_algorithm_is_refused(secret: str, text: str) -> None:
    assert fault(JWT, secrets=[secret]) == f"auth.0: secret 1 of 1 {text}"


def test_a_certificate_holds_a_public_key() -> None:
    private: Any = load_pem_private_key(pair("RS256").signing.encode(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.example.com")])
    made = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .sign(private, SHA256())
    )
    assert said(token(CLAIMS), secrets=[made.public_bytes(Encoding.PEM).decode()]) is None


def test_a_shared_secret_is_as_long_as_its_hash() -> None:
    for algorithm, least in (("HS256", 32), ("HS384", 48), ("HS512", 64)):
        auth = {**SHARED_JWT, "algorithms": [algorithm]}
        assert fault(auth, secrets=["x" * least]) == ""
        assert fault(auth, secrets=["x" * (least - 1)]) == (
            f"auth.0: secret 1 of 1 is shorter than {least} bytes, which RFC 7518 asks for"
        )


def test_an_algorithm_must_be_named() -> None:
    assert fault({**JWT, "algorithms": []}).startswith("auth.0: algorithms: name what signs")


def test_the_header_with_the_token_is_confidential() -> None:
    assert "x-token" in desk(SHARED_JWT).authenticator.confidential
