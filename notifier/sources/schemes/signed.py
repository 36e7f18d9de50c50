"""Signatures over parts of a call, in one header: HMAC, plain hashes, Ed25519.

Takes a table and secrets, gives what verifies calls. Refuses (ConfigurationError) tables that
cannot work or would protect nothing; (BadSignature) calls that are not signed with a secret.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.model.times import Instant
from notifier.sources.call import Call
from notifier.sources.definition import Digest, Ed25519, Hmac
from notifier.sources.schemes import keys, template
from notifier.sources.schemes.base import Given, Header
from notifier.sources.schemes.diagnosis import Diagnosis, Misread, Seen
from notifier.sources.schemes.timestamps import Age, check_signed

MOST_SIGNATURES = 8
LONGEST_SIGNATURES = 4096

SIZES = {"sha1": 20, "sha256": 32, "sha512": 64}


class Signed:
    """A scheme of signatures; what signs is in its keys."""

    confidential: frozenset[str] = frozenset()
    misread: tuple[Misread, ...] = ()

    def __init__(
        self, entry: Hmac | Digest | Ed25519, given: Given, make: keys.Maker, size: int
    ) -> None:
        """`make` makes a key of a secret, `size` is that of a signature in bytes."""
        self._header = Header(entry.header)
        self._separator = entry.separator.encode()
        self._prefix = entry.prefix.encode()
        self._normal = keys.NORMAL[entry.encoding]
        self._encoding, self._size = entry.encoding, size
        self._template = template.parsed(
            entry.signed, self._header, entry.separator, given.public_url
        )
        if template.BODY not in self._template.names:
            raise ConfigurationError("signed: without {body} anybody could change the body")
        self._age = _age(entry, self._header, self._template, given.form)
        self._keys, self._retired = keys.made(given.secrets, given.retired, make)
        self._diagnosis = Diagnosis(self._age.part if self._age else None)

    def verify(self, call: Call, now: Instant) -> None:
        """Return if the call is fresh and signed; raises BadSignature or Stale."""
        given = self._header.one(call)
        signatures = self._signatures(given)
        age = self._age
        # A time in the body is looked at last: reading bodies of strangers is worth avoiding.
        if age and not age.in_body:
            age.check(call, given, now)
        if not self._fits(call, given, signatures):
            raise BadSignature(self._cause(call, given, signatures, now))
        if age and age.in_body:
            age.check(call, given, now)

    def _signatures(self, given: bytes) -> list[bytes]:
        if len(given) > LONGEST_SIGNATURES:
            raise BadSignature(f"header {self._header.name} longer than {LONGEST_SIGNATURES} bytes")
        prefix, length = self._prefix, len(self._prefix)
        if self._separator:
            items = [item.strip() for item in given.split(self._separator)]
        else:
            items = [given]
        found = [self._normal(item[length:]) for item in items if item.startswith(prefix)]
        if not found:
            raise BadSignature(
                f"the prefix {self._prefix.decode()} is missing in header {self._header.name}"
            )
        return found[:MOST_SIGNATURES]

    def _fits(self, call: Call, given: bytes, signatures: Sequence[bytes]) -> bool:
        # Every key is tried against every signature, so that time tells nothing of which fitted.
        matched = False
        data = self._template.data
        for key in self._keys:
            matched |= key.fits(data(call, given, key.secret), signatures)
        return matched

    def _cause(self, call: Call, given: bytes, signatures: Sequence[bytes], now: Instant) -> str:
        misspelt = keys.spelling(signatures, self._encoding, self._size)
        if misspelt:
            return f"header {self._header.name}: {misspelt}"
        seen = Seen(
            call=call,
            given=given,
            signatures=signatures,
            template=self._template,
            keys=self._keys,
            retired=self._retired,
            misread=self.misread,
        )
        return self._diagnosis.cause(seen, now)


def _age(
    entry: Hmac | Digest | Ed25519, header: Header, signed: template.Template, form: str
) -> Age | None:
    if entry.timestamp is None:
        return None
    age = Age(entry.timestamp, header, entry.separator, form)
    check_signed(age, signed)
    return age


def build(entry: Hmac | Digest, given: Given) -> Signed:
    """Give the scheme of a table; raises ConfigurationError."""
    if isinstance(entry, Digest) and "{secret}" not in entry.signed:
        raise ConfigurationError("signed: a digest needs {secret}, else anybody can make it")
    scheme = Signed(entry, given, _key(entry), SIZES[entry.algorithm])
    scheme.misread = tuple(_misread(entry, given))
    return scheme


def _misread(entry: Hmac | Digest, given: Given) -> Iterator[Misread]:
    changes: list[tuple[str, dict[str, str]]] = [
        (f'key_encoding = "{encoding}"', {"key_encoding": encoding})
        for encoding in ("utf8", "base64", "hex")
        if encoding != entry.key_encoding
    ]
    if entry.key_prefix:
        whole = {"key_prefix": "", "key_encoding": "utf8"}
        changes.append(('key_prefix = "" and key_encoding = "utf8"', whole))
    for mend, change in changes:
        mistaken = entry.model_copy(update=change)
        yield Misread(f"set {mend}", keys.usable(given.secrets, _key(mistaken)))


def _key(entry: Hmac | Digest) -> keys.Maker:
    return _hmac_key(entry) if isinstance(entry, Hmac) else _digest_key(entry)


def _hmac_key(entry: Hmac) -> keys.Maker:
    write = keys.WRITE[entry.encoding]

    def make(text: str) -> keys.Key:
        secret = keys.decoded(text, entry.key_prefix, entry.key_encoding)
        if entry.key_hash:
            secret = hashlib.new(entry.key_hash, secret).digest()
        keyed = hmac.new(secret, digestmod=entry.algorithm)

        def fits(data: bytes, signatures: Sequence[bytes]) -> bool:
            mac = keyed.copy()
            mac.update(data)
            return any_equal(write(mac.digest()), signatures)

        return keys.Key(secret, fits)

    return make


def _digest_key(entry: Digest) -> keys.Maker:
    write = keys.WRITE[entry.encoding]

    def make(text: str) -> keys.Key:
        def fits(data: bytes, signatures: Sequence[bytes]) -> bool:
            return any_equal(write(hashlib.new(entry.algorithm, data).digest()), signatures)

        return keys.Key(keys.decoded(text, entry.key_prefix, entry.key_encoding), fits)

    return make


def any_equal(one: bytes, others: Sequence[bytes]) -> bool:
    """Compare in a time that tells nothing of where they differ, nor how long the others are."""
    matched = False
    for other in others:
        # Where lengths differ, the time is that of the second.
        matched |= hmac.compare_digest(other, one)
    return matched
