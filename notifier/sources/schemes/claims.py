"""Signed tokens of claims (JWT, RFC 7519): they say who calls and when, not what.

Takes pinned keys or a key set (RFC 7517), gives what verifies calls. Refuses (ConfigurationError)
keys that do not belong to the algorithms; (BadSignature) tokens that are not signed with one of
them, old, or for somebody else. PyJWT is slow to import, so this module is when it is needed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate
from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError

from notifier.model.errors import BadSignature, ConfigurationError, Stale
from notifier.model.times import LAST, SECOND, Instant
from notifier.sources.call import Call
from notifier.sources.definition import Jwt
from notifier.sources.schemes import keys
from notifier.sources.schemes.base import NO_MATCH, RETIRED, Given, Header

_LONGEST = 16 * 1024
_LEAST_RSA = 2048
_SURELY_MILLIS = 10**11
_PEM = "-----BEGIN"
_CERTIFICATE = f"{_PEM} CERTIFICATE"

# RFC 7518, section 3.2: a key has at least the length of the hash.
_LEAST_SHARED = {"HS256": 32, "HS384": 48, "HS512": 64}
_OF_KTY = {"RSA": {"RS256"}, "EC": {"ES256"}, "OKP": {"EdDSA"}, "oct": set(_LEAST_SHARED)}
_PUBLIC_MEMBERS = ("kty", "n", "e", "crv", "x", "y", "k", "kid", "alg")


@dataclass(frozen=True, slots=True, eq=False)
class Pinned:
    """A key with the algorithms it may be used for, and no others."""

    key: Any = field(repr=False)
    algorithms: frozenset[str]
    kid: str | None = None


class Claims:
    """Verifies the token of a call, then what it claims."""

    def __init__(self, entry: Jwt, given: Given) -> None:
        """Raise ConfigurationError for keys and algorithms that do not go together."""
        algorithms = frozenset(entry.algorithms)
        if not algorithms:
            raise ConfigurationError('algorithms: name what signs, such as ["RS256"]')
        if 0 < len(algorithms & _LEAST_SHARED.keys()) < len(algorithms):
            # Else a public key, which everybody has, would be taken for a shared secret.
            raise ConfigurationError("algorithms: HS… and others need sources of their own")
        self._header = Header(entry.header)
        self._entry = entry
        self._algorithms = algorithms
        self._jws = PyJWS(algorithms=sorted(algorithms))
        self._retired: Sequence[Pinned] = ()
        if entry.jwks_file is None:
            active, retired = keys.made(
                given.secrets, given.retired, lambda text: _pinned(text, algorithms)
            )
            self._keys, self._retired = _each(active), _each(retired)
        else:
            content = given.read_file(entry.jwks_file)
            try:
                self._keys = _of_set(content, algorithms)
            except ConfigurationError as error:
                raise ConfigurationError(f"jwks_file: {error}") from None
        self.confidential = frozenset({entry.header.lower()})

    def verify(self, call: Call, now: Instant) -> None:
        """Return if the call carries a token that is signed and timely; raises BadSignature."""
        token = self._token(call)
        header = self._unverified(token)
        payload = self._payload(token, header, self._keys)
        if payload is None:
            retired = self._payload(token, header, self._retired) is not None
            raise BadSignature(f"the token in header {self._header.name}: {_why(retired)}")
        self._check(_claims(payload), now)

    def _token(self, call: Call) -> bytes:
        given = self._header.one(call)
        kind, _, rest = given.partition(b" ")
        token = rest.strip() if kind.lower() == b"bearer" else given
        if len(token) > _LONGEST:
            raise BadSignature(f"the token is longer than {_LONGEST} bytes")
        return token

    def _unverified(self, token: bytes) -> Mapping[str, object]:
        try:
            header = self._jws.get_unverified_header(token)
        except (PyJWTError, ValueError):
            raise BadSignature(f"header {self._header.name} holds no JWT") from None
        if str(header.get("alg")) not in self._algorithms:
            wanted = " or ".join(sorted(self._algorithms))
            raise BadSignature(f"the token is not signed by {wanted}")
        return header

    def _payload(
        self, token: bytes, header: Mapping[str, object], pinned: Sequence[Pinned]
    ) -> bytes | None:
        algorithm, kid = str(header["alg"]), header.get("kid")
        for one in pinned:
            other = None not in (kid, one.kid) and kid != one.kid
            if other or algorithm not in one.algorithms:
                continue
            try:
                payload: bytes = self._jws.decode(token, one.key, algorithms=[algorithm])
            except (PyJWTError, ValueError):
                continue
            return payload
        return None

    def _check(self, claims: Mapping[str, object], now: Instant) -> None:
        leeway = self._entry.leeway
        expires = self._instant(claims, "exp")
        if expires is None:
            raise BadSignature("the token has no exp")
        if now - expires > leeway:
            raise Stale(f"the token expired {(now - expires) // SECOND} s ago")
        for name in ("nbf", "iat"):
            begins = self._instant(claims, name)
            if begins is not None and begins - now > leeway:
                raise Stale(f"{name} of the token is {(begins - now) // SECOND} s in the future")
        if self._entry.issuer is not None and claims.get("iss") != self._entry.issuer:
            raise BadSignature("iss of the token is not the issuer that is configured")
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if self._entry.audience is not None and self._entry.audience not in named:
            raise BadSignature("aud of the token is not the audience that is configured")

    def _instant(self, claims: Mapping[str, object], name: str) -> Instant | None:
        stated = claims.get(name)
        if stated is None:
            return None
        if isinstance(stated, bool) or not isinstance(stated, int | float):
            raise BadSignature(f"{name} of the token is not a number")
        if not 0 <= stated <= LAST:
            raise BadSignature(f"{name} of the token is no time")
        if self._entry.milliseconds and stated >= _SURELY_MILLIS:
            return int(stated)
        if stated * SECOND > LAST:
            raise BadSignature(
                f"{name} of the token is in milliseconds; say milliseconds = true if it always is"
            )
        return int(stated * SECOND)


def build(entry: Jwt, given: Given) -> Claims:
    """Give the scheme of a table; raises ConfigurationError."""
    return Claims(entry, given)


def _why(retired: bool) -> str:
    return RETIRED if retired else NO_MATCH.replace("changed body", "changed token")


def _claims(payload: bytes) -> Mapping[str, object]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise BadSignature("the token holds no claims")
    return claims


def _each(sets: Sequence[tuple[Pinned, ...]]) -> tuple[Pinned, ...]:
    return tuple(one for found in sets for one in found)


def _pinned(text: str, algorithms: frozenset[str]) -> tuple[Pinned, ...]:
    if algorithms & _LEAST_SHARED.keys():
        return (Pinned(_shared(text, algorithms), algorithms),)
    if text.lstrip().startswith("{"):
        return _of_set(text.encode(), algorithms)
    return (_fitting(_of_pem(text.strip()), algorithms, None),)


def _shared(text: str, algorithms: frozenset[str]) -> bytes:
    if text.lstrip().startswith(_PEM):
        raise ConfigurationError("is a PEM, which is no key of HS256 and the like")
    least = max(_LEAST_SHARED[name] for name in algorithms)
    if len(text.encode()) < least:
        raise ConfigurationError(f"is shorter than {least} bytes, which RFC 7518 asks for")
    return text.encode()


def _of_pem(text: str) -> object:
    if not text.startswith(_PEM):
        raise ConfigurationError("is no PEM; copy it whole, from -----BEGIN PUBLIC KEY----- on")
    if "PRIVATE KEY" in text:
        raise ConfigurationError("is a private key; put the public one here")
    try:
        if text.startswith(_CERTIFICATE):
            return load_pem_x509_certificate(text.encode()).public_key()
        return load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigurationError("is no PEM that can be read; copy it whole") from None


def _fitting(key: object, algorithms: frozenset[str], kid: str | None) -> Pinned:
    fitting = {_algorithm(key)} & algorithms
    if not fitting:
        raise ConfigurationError(f"is no key of {' or '.join(sorted(algorithms))}")
    if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_RSA:
        raise ConfigurationError(f"is an RSA key of less than {_LEAST_RSA} bits")
    return Pinned(key, frozenset(fitting), kid)


def _algorithm(key: object) -> str:
    if isinstance(key, RSAPublicKey):
        return "RS256"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return "ES256"
    return "EdDSA" if isinstance(key, Ed25519PublicKey) else ""


def _of_set(content: bytes, algorithms: frozenset[str]) -> tuple[Pinned, ...]:
    try:
        listed = list(json.loads(content)["keys"])
    except (ValueError, RecursionError, TypeError, KeyError):
        raise ConfigurationError('holds no key set, {"keys": […]}') from None
    found = [_of_member(member, algorithms) for member in listed if isinstance(member, dict)]
    fitting = tuple(one for one in found if one is not None)
    if not fitting:
        wanted = " or ".join(sorted(algorithms))
        raise ConfigurationError(f"holds no key of {wanted} that signs")
    return fitting


def _of_member(member: Mapping[str, Any], algorithms: frozenset[str]) -> Pinned | None:
    stated = member.get("alg")
    usable = _OF_KTY.get(str(member.get("kty")), set()) & algorithms
    if stated is not None:
        usable &= {str(stated)}
    if not usable or member.get("use", "sig") != "sig":
        return None
    kid = member.get("kid")
    public = {name: member[name] for name in _PUBLIC_MEMBERS if name in member}
    try:
        key = PyJWK(public, algorithm=min(usable)).key
        if isinstance(key, bytes):
            return Pinned(_shared(key.decode("latin-1"), frozenset(usable)), frozenset(usable), kid)
        return _fitting(key, frozenset(usable), kid)
    except (PyJWTError, ValueError, ConfigurationError):
        return None
