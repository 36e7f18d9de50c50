"""Ed25519 signatures, as Standard Webhooks v1a and others have them.

Takes public keys: 32 bytes in base64 or hex, or PEM. Refuses (ConfigurationError) private and
misspelt ones. `cryptography` takes long to import, so this module is imported when it is needed.
"""

import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from notifier.model.errors import ConfigurationError
from notifier.sources.definition import Ed25519
from notifier.sources.schemes import keys
from notifier.sources.schemes.base import Given
from notifier.sources.schemes.signed import Signed

SIZE = 64
_KEY_SIZE = 32
# What stands before the key in the DER form that many portals show (RFC 8410).
_DER = bytes.fromhex("302a300506032b6570032100")
_PEM = "-----BEGIN"


def build(entry: Ed25519, given: Given) -> Signed:
    """Give the scheme of a table; raises ConfigurationError."""

    def make(text: str) -> keys.Key:
        public = public_key(text, entry.key_prefix, entry.key_encoding)

        def fits(data: bytes, signatures: Sequence[bytes]) -> bool:
            found = [_decoded(text, entry.encoding) for text in signatures]
            return any(verified(public, raw, data) for raw in found if raw is not None)

        return keys.Key(public.public_bytes_raw(), fits)

    return Signed(entry, given, make, SIZE)


def public_key(text: str, prefix: str, encoding: str) -> Ed25519PublicKey:
    """Read a public key; raises ConfigurationError, the end of a sentence about the secret."""
    if text.lstrip().startswith(_PEM):
        return _of_pem(text)
    if text.startswith("whsk_"):
        raise ConfigurationError("is a private key (whsk_); put the public one here (whpk_)")
    raw = keys.decoded(text, prefix, encoding).removeprefix(_DER)
    if len(raw) != _KEY_SIZE:
        raise ConfigurationError(f"is no public key of Ed25519, which has {_KEY_SIZE} bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def verified(public: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Tell whether the signature is that of the data."""
    try:
        public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _of_pem(text: str) -> Ed25519PublicKey:
    try:
        found = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise ConfigurationError("is no PEM of an Ed25519 public key (BEGIN PUBLIC KEY)")
    return found


def _decoded(text: bytes, encoding: str) -> bytes | None:
    try:
        if encoding == "hex":
            return binascii.unhexlify(text)
        standard = (
            text.translate(bytes.maketrans(b"-_", b"+/")) if encoding == "base64url" else text
        )
        return binascii.a2b_base64(standard + b"=" * (-len(standard) % 4), strict_mode=True)
    except ValueError:
        return None
