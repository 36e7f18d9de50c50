"""The limiter's stamps as they are kept in a lane's row.

Takes (instant, token) pairs, gives eight bytes for each: the instant shifted left, the token in
the lowest bit. Refuses nothing.
"""

import struct
from collections.abc import Iterable

from notifier.model.deliveries import Stamp, Token


def to_blob(stamps: Iterable[Stamp]) -> bytes:
    """Pack stamps, oldest first."""
    packed = sorted(instant << 1 | token for instant, token in stamps)
    return struct.pack(f"<{len(packed)}q", *packed)


def from_blob(blob: bytes) -> tuple[Stamp, ...]:
    """Unpack stamps."""
    packed = struct.unpack(f"<{len(blob) // 8}q", blob)
    return tuple((number >> 1, Token(number & 1)) for number in packed)
