"""Calls as an honest sender makes them, by what the definition of a source says.

Written without the code that verifies. Takes a definition and the secrets of the sender, gives the
call with what it would add to headers, query, path or body.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from notifier.model.times import to_text
from notifier.sources.call import Call
from notifier.sources.definition import (
    Auth,
    Basic,
    Definition,
    Digest,
    Ed25519,
    Hmac,
    Jwt,
    Rfc9421,
    Timestamp,
    Token,
)

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "hex": lambda raw: raw.hex().encode(),
    "base64": base64.b64encode,
    "base64url": base64.urlsafe_b64encode,
}
_DECODERS: dict[str, Callable[[str], bytes]] = {
    "utf8": str.encode,
    "hex": bytes.fromhex,
    "base64": base64.b64decode,
    "base64url": base64.urlsafe_b64decode,
}


@dataclass(frozen=True)
class Pair:
    """A secret as the source has it, and as the sender has it; they differ for public keys."""

    configured: str
    signing: str


def invented(entry: Auth, seed: int = 1) -> Pair:
    """Make up a secret that fits a scheme; another one for each `seed`."""
    raw = hashlib.sha512(b"seed %d" % seed).digest()
    if isinstance(entry, Ed25519) or (isinstance(entry, Rfc9421) and entry.algorithm == "ed25519"):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(raw[:32])
        prefix = entry.key_prefix if isinstance(entry, Ed25519) else ""
        public = private.public_key().public_bytes_raw()
        return Pair(prefix + _written(public, entry.key_encoding), base64.b64encode(raw).decode())
    if isinstance(entry, Jwt) and not entry.algorithms[0].startswith("HS"):
        return _pem_pair(entry.algorithms[0], seed)
    if isinstance(entry, Hmac | Digest):
        text = entry.key_prefix + _written(raw[:32], entry.key_encoding)
    elif isinstance(entry, Rfc9421):
        text = _written(raw[:32], entry.key_encoding)
    else:
        text = raw.hex()
    return Pair(text, text)


def _written(raw: bytes, encoding: str) -> str:
    return raw.hex() if encoding == "utf8" else ENCODERS[encoding](raw).decode()


@cache
def _pem_pair(algorithm: str, seed: int) -> Pair:
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "RS256":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(public.decode(), pem.decode())


def signed(definition: Definition, secrets: list[str], call: Call, now: int) -> Call:
    """Give the call with what an honest sender adds; `secrets` are the sender's, the first signs.

    Of alternatives the first is used; `auth_mode` all: each of them.
    """
    entries = definition.auth if definition.auth_mode == "all" else definition.auth[:1]
    for entry in entries:
        call = signed_by(entry, definition, secrets[0], call, now)
    return call


def signed_by(entry: Auth, definition: Definition, secret: str, call: Call, now: int) -> Call:
    """Give the call with what one scheme adds."""
    if isinstance(entry, Hmac | Digest | Ed25519):
        return _with_signature(entry, definition, secret, call, now)
    if isinstance(entry, Token):
        return _with_token(entry, secret, call)
    if isinstance(entry, Basic):
        pair = base64.b64encode(f"{entry.user}:{secret}".encode())
        return with_header(call, "authorization", b"Basic " + pair)
    if isinstance(entry, Jwt):
        return _with_jwt(entry, secret, call, now)
    if isinstance(entry, Rfc9421):
        return _with_message_signature(entry, definition, secret, call, now)
    return call


def with_header(call: Call, name: str, value: bytes) -> Call:
    """Give the call with a header more, unless it has that one."""
    key = name.lower().encode()
    if any(present == key for present, _ in call.headers):
        return call
    return replace(call, headers=(*call.headers, (key, value)))


# -- signatures over parts -----------------------------------------------------------------------


def _with_signature(
    entry: Hmac | Digest | Ed25519, definition: Definition, secret: str, call: Call, now: int
) -> Call:
    stamp = _stamp(entry.timestamp, now)
    place = entry.timestamp.place.partition(":")[2] if entry.timestamp else ""
    if entry.timestamp and entry.timestamp.place.startswith("body:"):
        call = _with_body_value(call, place, stamp)
    fields = re.findall(r"\{(header|sig):([^}]+)\}", entry.signed)
    for kind, name in fields:
        if kind == "header":
            is_stamp = entry.timestamp is not None and name.lower() == place.lower()
            call = with_header(call, name, stamp.encode() if is_stamp else _made_up(name, call))
    pairs = {
        name: stamp.encode() if name == place else _made_up(name, call)
        for kind, name in fields
        if kind == "sig"
    }
    key = _DECODERS[entry.key_encoding](secret.removeprefix(entry.key_prefix))
    if isinstance(entry, Hmac) and entry.key_hash:
        key = hashlib.new(entry.key_hash, key).digest()
    data = _data(entry.signed, definition, call, pairs, key)
    signature = entry.prefix.encode() + ENCODERS[entry.encoding](_raw(entry, key, data, secret))
    items = [*(f"{name}=".encode() + value for name, value in pairs.items()), signature]
    return with_header(call, entry.header, entry.separator.encode().join(items))


def _raw(entry: Hmac | Digest | Ed25519, key: bytes, data: bytes, secret: str) -> bytes:
    if isinstance(entry, Hmac):
        return hmac.digest(key, data, entry.algorithm)
    if isinstance(entry, Digest):
        return hashlib.new(entry.algorithm, data).digest()
    seed = base64.b64decode(secret.removeprefix("whsk_"))[:32]
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(data)


def _data(
    template: str, definition: Definition, call: Call, pairs: dict[str, bytes], key: bytes
) -> bytes:
    def part(match: re.Match[str]) -> bytes:
        kind, _, name = match[1].partition(":")
        url = (definition.public_url or "").encode()
        return {
            "body": lambda: call.body,
            "method": lambda: call.method.encode(),
            "url": lambda: url + (b"?" + call.query if call.query else b""),
            "secret": lambda: key,
            "header": lambda: call.header(name.lower())[0],
            "sig": lambda: pairs[name],
        }[kind]()

    pieces = re.split(r"(\{[^}]+\})", template)
    matches = [re.fullmatch(r"\{([^}]+)\}", piece) for piece in pieces]
    return b"".join(
        part(match) if match else piece.encode()
        for piece, match in zip(pieces, matches, strict=True)
    )


def _stamp(timestamp: Timestamp | None, now: int) -> str:
    unit = timestamp.unit if timestamp else "s"
    return {"ms": str(now), "iso": to_text(now)}.get(unit, str(now // 1000))


def _made_up(name: str, call: Call) -> bytes:
    return b"msg_" + hashlib.sha256(name.encode() + call.body).hexdigest()[:16].encode()


def _with_body_value(call: Call, path: str, text: str) -> Call:
    if any(b"form-urlencoded" in value for value in call.header("content-type")):
        pair = f"{quote(path)}={quote(text)}".encode()
        return replace(call, body=call.body + b"&" + pair if call.body else pair)
    whole: Any = json.loads(call.body)
    *parents, last = path.split(".")
    place = whole
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = int(text) if text.isdigit() else text
    return replace(call, body=json.dumps(whole).encode())


# -- the others ----------------------------------------------------------------------------------


def _with_token(entry: Token, secret: str, call: Call) -> Call:
    if entry.place == "header":
        return with_header(call, entry.name, secret.encode())
    if entry.place == "bearer":
        return with_header(call, "authorization", b"Bearer " + secret.encode())
    if entry.place == "query":
        pair = f"{quote(entry.name)}={quote(secret, safe='')}".encode()
        return replace(call, query=call.query + b"&" + pair if call.query else pair)
    if entry.place == "path":
        return replace(call, tail=secret)
    return _with_body_value(call, entry.name, secret)


def _with_jwt(entry: Jwt, secret: str, call: Call, now: int) -> Call:
    unit = 1 if entry.milliseconds else 1000
    claims: dict[str, object] = {"iat": now // unit, "exp": (now + 300_000) // unit}
    if entry.issuer is not None:
        claims["iss"] = entry.issuer
    if entry.audience is not None:
        claims["aud"] = entry.audience
    algorithm = entry.algorithms[0]
    key = secret if algorithm.startswith("HS") else load_pem_private_key(secret.encode(), None)
    token = jwt.encode(claims, key, algorithm=algorithm).encode()  # type: ignore[arg-type]
    bearer = b"Bearer " if entry.header.lower() == "authorization" else b""
    return with_header(call, entry.header, bearer + token)


def _with_message_signature(
    entry: Rfc9421, definition: Definition, secret: str, call: Call, now: int
) -> Call:
    if "content-digest" in entry.components:
        digest = base64.b64encode(hashlib.sha256(call.body).digest())
        call = with_header(call, "content-digest", b"sha-256=:" + digest + b":")
    for name in entry.components:
        if not name.startswith("@"):
            call = with_header(call, name, _made_up(name, call))
    listed = " ".join(f'"{name}"' for name in entry.components)
    keyid = entry.keyid or "key-1"
    described = f'({listed});created={now // 1000};keyid="{keyid}"'
    lines = [f'"{name}": {_component(name, definition, call)}' for name in entry.components]
    base = "\n".join([*lines, f'"@signature-params": {described}']).encode("latin-1")
    if entry.algorithm == "ed25519":
        seed = base64.b64decode(secret)[:32]
        raw = ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(base)
    else:
        raw = hmac.digest(_DECODERS[entry.key_encoding](secret), base, "sha256")
    call = with_header(call, "signature-input", f"sig1={described}".encode())
    return with_header(call, "signature", b"sig1=:" + base64.b64encode(raw) + b":")


def _component(name: str, definition: Definition, call: Call) -> str:
    address = urlsplit(definition.public_url or "")
    query = call.query.decode("latin-1")
    asked = f"?{query}" if query else ""
    derived = {
        "@method": call.method,
        "@authority": address.netloc.lower(),
        "@scheme": address.scheme,
        "@path": address.path,
        "@query": f"?{query}",
        "@target-uri": f"{definition.public_url}{asked}",
        "@request-target": f"{address.path}{asked}",
    }
    if name in derived:
        return derived[name]
    return ", ".join(value.decode("latin-1") for value in call.header(name))
