"""HTTP Message Signatures (RFC 9421): named parts of a call, signed.

Takes a table and keys, gives what verifies calls. Refuses (ConfigurationError) components that
cannot be had; (BadSignature) calls without a signature that covers them all. Strict on purpose: no
parameters of components, and nothing of the address that the call itself states.
"""

import hashlib
import hmac
import importlib
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from notifier.model.errors import BadSignature, ConfigurationError, Stale
from notifier.model.times import SECOND, Instant
from notifier.sources.call import Call
from notifier.sources.definition import Rfc9421
from notifier.sources.schemes import keys, structured
from notifier.sources.schemes.base import NO_MATCH, RETIRED, Given, Header
from notifier.sources.schemes.timestamps import check_age

_MOST = 8
_LONGEST = 8192
_DIGEST = Header("Content-Digest")
_HASHES = {"sha-256": "sha256", "sha-512": "sha512"}
_PORTS = {"http": ":80", "https": ":443"}

Component = Callable[[Call], str]
Opens = Callable[[bytes, bytes], bool]
"""Of the signature and what was signed."""


class MessageSignatures:
    """Verifies the signatures that a call names in Signature-Input."""

    confidential: frozenset[str] = frozenset()

    def __init__(self, entry: Rfc9421, given: Given) -> None:
        """Raise ConfigurationError for components or keys that cannot be."""
        if given.public_url is not None and not given.public_url.isascii():
            raise ConfigurationError("public_url: write it as it is sent, in ASCII (xn--…, %20)")
        self._entry = entry
        self._derived = _derived(given.public_url)
        self._required = tuple(dict.fromkeys(entry.components))
        for name in self._required:
            self._check_component(name, given.public_url)
        self._keys, self._retired = keys.made(given.secrets, given.retired, _maker(entry))
        self._inputs = Header("Signature-Input")
        self._signatures = Header("Signature")

    def verify(self, call: Call, now: Instant) -> None:
        """Return if one signature covers all that is wanted; raises BadSignature or Stale."""
        inputs = _dictionary(call, self._inputs)
        signatures = _dictionary(call, self._signatures)
        _check_digest(call)
        refused: BadSignature | None = None
        for label, described in list(inputs.items())[:_MOST]:
            try:
                self._check(call, described, signatures.get(label), now)
            except BadSignature as error:
                refused = refused or error
            else:
                return
        raise refused or BadSignature(NO_MATCH)

    def _check_component(self, name: str, public_url: str | None) -> None:
        if not name.startswith("@"):
            Header(name)
            if name != name.lower():
                raise ConfigurationError(f"components: write {name.lower()}, in small letters")
        elif name in self._derived:
            return
        elif public_url is None and name in _derived("https://example.com"):
            raise ConfigurationError(
                f"components: {name} needs public_url, the address that the help desk posts to"
            )
        else:
            known = ", ".join(sorted(_derived("https://example.com")))
            raise ConfigurationError(f"components: {name} is not known; there are {known}")

    def _check(
        self,
        call: Call,
        described: structured.Item | structured.InnerList,
        signature: structured.Item | structured.InnerList | None,
        now: Instant,
    ) -> None:
        if not isinstance(described, structured.InnerList):
            raise BadSignature("header Signature-Input holds no list of components")
        if not isinstance(signature, structured.Item) or not isinstance(signature.value, bytes):
            raise BadSignature("header Signature has no signature for a list in Signature-Input")
        self._check_parameters(described.parameters, now)
        signed = self._base(call, described)
        if not _any_opens(self._keys, signature.value, signed):
            old = _any_opens(self._retired, signature.value, signed)
            raise BadSignature(RETIRED if old else NO_MATCH.replace("body", "call"))

    def _check_parameters(self, parameters: dict[str, structured.Bare], now: Instant) -> None:
        created, expires = parameters.get("created"), parameters.get("expires")
        if not isinstance(created, int) or isinstance(created, bool):
            raise BadSignature("header Signature-Input has no created")
        check_age(created * SECOND, self._entry.max_age, now)
        if expires is not None:
            if not isinstance(expires, int) or isinstance(expires, bool):
                raise BadSignature("header Signature-Input: expires is not unix seconds")
            if expires * SECOND < now:
                raise Stale(f"the signature expired {(now - expires * SECOND) // SECOND} s ago")
        if parameters.get("alg", self._entry.algorithm) != self._entry.algorithm:
            raise BadSignature(f"alg in Signature-Input is not {self._entry.algorithm}")
        if self._entry.keyid is not None and parameters.get("keyid") != self._entry.keyid:
            raise BadSignature("keyid in Signature-Input is not the one that is configured")

    def _base(self, call: Call, described: structured.InnerList) -> bytes:
        names = [str(item.value) for item in described.items]
        for item in described.items:
            if not isinstance(item.value, str) or item.parameters:
                raise BadSignature("a component has a parameter, which is not supported")
        if len(set(names)) != len(names):
            raise BadSignature("a component is signed twice")
        for name in self._required:
            if name not in names:
                raise BadSignature(f"the signature does not cover {name}")
        lines = [f'"{name}": {self._value(call, name)}\n' for name in names]
        return "".join([*lines, f'"@signature-params": {described.text}']).encode("latin-1")

    def _value(self, call: Call, name: str) -> str:
        if name.startswith("@"):
            if name not in self._derived:
                raise BadSignature(
                    "the signature covers a component that is not known, or needs public_url"
                )
            return self._derived[name](call)
        values = call.header(name)
        if not values:
            known = name if name in self._required else "that the signature covers is"
            raise BadSignature(f"header {known} missing")
        return ", ".join(value.decode("latin-1").strip(" \t") for value in values)


def build(entry: Rfc9421, given: Given) -> MessageSignatures:
    """Give the scheme of a table; raises ConfigurationError."""
    return MessageSignatures(entry, given)


def _derived(public_url: str | None) -> dict[str, Component]:
    found: dict[str, Component] = {
        "@method": lambda call: call.method,
        "@query": lambda call: "?" + _query(call),
    }
    if public_url is not None:
        parts = urlsplit(public_url)
        authority = parts.netloc.lower().removesuffix(_PORTS[parts.scheme])
        path = parts.path or "/"
        address = f"{parts.scheme}://{parts.netloc}{path}"
        found |= {
            "@authority": lambda call: authority,
            "@scheme": lambda call: parts.scheme,
            "@path": lambda call: path,
            "@target-uri": lambda call: f"{address}{_asked(call)}",
            "@request-target": lambda call: f"{path}{_asked(call)}",
        }
    return found


def _query(call: Call) -> str:
    return call.query.decode("latin-1")


def _asked(call: Call) -> str:
    return f"?{_query(call)}" if call.query else ""


def _dictionary(call: Call, header: Header) -> dict[str, structured.Item | structured.InnerList]:
    values = [value for name, value in call.headers if name == header.key]
    raw = b", ".join(values)
    if not raw:
        raise BadSignature(f"header {header.name} missing")
    if len(raw) > _LONGEST:
        raise BadSignature(f"header {header.name} longer than {_LONGEST} bytes")
    try:
        return structured.dictionary(raw)
    except ValueError:
        raise BadSignature(f"header {header.name} is not as RFC 8941 has it") from None


def _check_digest(call: Call) -> None:
    # Also where no signature covers it: whoever sends one means the body that he sends.
    if not any(name == _DIGEST.key for name, _ in call.headers):
        return
    digests = _dictionary(call, _DIGEST)
    known = [(_HASHES[name], item) for name, item in digests.items() if name in _HASHES]
    if not known:
        raise BadSignature("header Content-Digest has neither sha-256 nor sha-512")
    for algorithm, item in known:
        stated = item.value if isinstance(item, structured.Item) else None
        ours = hashlib.new(algorithm, call.body).digest()
        if not isinstance(stated, bytes) or not hmac.compare_digest(ours, stated):
            raise BadSignature("header Content-Digest is not that of the body")


def _maker(entry: Rfc9421) -> Callable[[str], Opens]:
    if entry.algorithm == "ed25519":
        ed25519 = importlib.import_module("notifier.sources.schemes.ed25519")

        def public(text: str) -> Opens:
            key = ed25519.public_key(text, "whpk_", entry.key_encoding)
            return lambda signature, data: bool(ed25519.verified(key, signature, data))

        return public

    def shared(text: str) -> Opens:
        key = keys.decoded(text, "", entry.key_encoding)
        return lambda signature, data: hmac.compare_digest(
            hmac.new(key, data, "sha256").digest(), signature
        )

    return shared


def _any_opens(opens: Sequence[Opens], signature: bytes, data: bytes) -> bool:
    matched = False
    for one in opens:
        matched |= one(signature, data)
    return matched
