"""Keys made of secrets, and how signatures are written.

Takes secrets as text, gives keys that never show themselves. Refuses (ConfigurationError) missing,
short and misspelt ones without repeating any of it.
"""

import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from notifier.model.errors import ConfigurationError

LEAST_SECRET = 6
"""Characters. A guard against empty and placeholder values; how strong it is nobody can see."""

NO_SECRETS = 'no secret; add secrets = ["env:NAME"], or "file:PATH", or the secret itself'

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One secret of a signing scheme.

    `fits` tells whether one of the signatures, written as in the header, is that of the data.
    """

    secret: bytes = field(repr=False)
    fits: Callable[[bytes, Sequence[bytes]], bool] = field(repr=False)


class UnfitSecrets(ConfigurationError):
    """Secrets that a scheme cannot use; `faults` has a line for each, by its place from 0."""

    def __init__(self, faults: Mapping[int, str]) -> None:
        """`faults` is not empty."""
        super().__init__("\n".join(faults.values()))
        self.faults = dict(faults)


Maker = Callable[[str], Key]
"""Of the text of a secret; raises ConfigurationError, the end of a sentence about it."""


def made(
    secrets: Sequence[str], retired: Sequence[str], make: Callable[[str], T]
) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Make what a scheme needs of each secret, active and retired.

    Raises UnfitSecrets when active ones are wrong, ConfigurationError when there are none. A
    retired one that was none of this scheme's is left out.
    """
    if not secrets:
        raise ConfigurationError(NO_SECRETS)
    active: list[T] = []
    faults: dict[int, str] = {}
    for place, text in enumerate(secrets):
        try:
            active.append(make(text))
        except ConfigurationError as error:
            faults[place] = f"secret {place + 1} of {len(secrets)} {error}"
    if faults:
        raise UnfitSecrets(faults)
    return tuple(active), usable(retired, make)


def usable(secrets: Sequence[str], make: Callable[[str], T]) -> tuple[T, ...]:
    """Make what can be made of secrets, and leave out the others."""
    found: list[T] = []
    for text in secrets:
        try:
            found.append(make(text))
        except ConfigurationError:
            continue
    return tuple(found)


def long_enough(text: str) -> str:
    """Give the secret back; raises ConfigurationError when anybody could guess it."""
    if len(text) < LEAST_SECRET:
        raise ConfigurationError(
            f"is shorter than {LEAST_SECRET} characters; take a longer one, best 32 random ones"
        )
    return text


def decoded(text: str, prefix: str, encoding: str) -> bytes:
    """Give the bytes of a secret, its prefix taken off; raises ConfigurationError."""
    rest = long_enough(text.removeprefix(prefix))
    if encoding == "utf8":
        return rest.encode()
    try:
        if encoding == "hex":
            return binascii.unhexlify(rest)
        if encoding == "base64url":
            rest = rest.translate(str.maketrans("-_", "+/"))
        bare = rest.rstrip("=")
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4), strict_mode=True)
    except ValueError:
        raise ConfigurationError(f"is not {encoding}; copy it whole") from None


def _hex(raw: bytes) -> bytes:
    return raw.hex().encode()


def _base64(raw: bytes) -> bytes:
    # Some senders leave the padding out, so that both sides are compared without it.
    return binascii.b2a_base64(raw, newline=False).rstrip(b"=")


def _base64url(raw: bytes) -> bytes:
    return _base64(raw).translate(bytes.maketrans(b"+/", b"-_"))


def _bare(text: bytes) -> bytes:
    return text.rstrip(b"=")


WRITE: dict[str, Callable[[bytes], bytes]] = {
    "hex": _hex,
    "base64": _base64,
    "base64url": _base64url,
}
"""A signature as it is compared: each has one spelling only."""

NORMAL: dict[str, Callable[[bytes], bytes]] = {
    "hex": bytes.lower,
    "base64": _bare,
    "base64url": _bare,
}
"""A received signature in that spelling."""

_SHAPES = {
    "hex": rb"[0-9A-Fa-f]{%d}",
    "base64": rb"[A-Za-z0-9+/]{%d}=*",
    "base64url": rb"[A-Za-z0-9_-]{%d}=*",
}


def spelling(signatures: Sequence[bytes], encoding: str, size: int) -> str | None:
    """Say what is wrong with the spelling of signatures of `size` bytes; None if one is right."""
    found = {
        name
        for name, pattern in _SHAPES.items()
        for text in signatures
        if re.fullmatch(pattern % (2 * size if name == "hex" else -(-4 * size // 3)), text)
    }
    if encoding in found:
        return None
    if found:
        return f"signature is {min(found)} where {encoding} is wanted"
    return f"signature is not {encoding} of {size} bytes"
