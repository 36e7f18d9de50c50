"""Cursors: where a list goes on, as opaque text.

Takes the id of the last row seen, gives 16 URL-safe characters, and reads them back. Refuses
text that this service did not write for that list (ValueError).
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Literal

List = Literal["events", "deliveries", "people"]

_FORM = re.compile(r"[A-Za-z0-9_-]{16}")
_ID_BYTES = 8
_CHECK_BYTES = 4


def write(of: List, before: int) -> str:
    """Give the cursor behind the row with the id `before`."""
    number = before.to_bytes(_ID_BYTES, "big")
    return base64.urlsafe_b64encode(number + _check(of, number)).decode("ascii")


def read(of: List, text: str) -> int:
    """Give the id back."""
    if not _FORM.fullmatch(text):
        raise ValueError("not a next_cursor")
    raw = base64.urlsafe_b64decode(text)
    number, check = raw[:_ID_BYTES], raw[_ID_BYTES:]
    if check != _check(of, number):
        raise ValueError("not a next_cursor of this list")
    return int.from_bytes(number, "big")


def _check(of: List, number: bytes) -> bytes:
    # Against typing errors and the other list's cursors; it guards no secret.
    return hashlib.sha256(of.encode() + number).digest()[:_CHECK_BYTES]


def page(of: List, items: Sequence[object], next_before: int | None) -> dict[str, object]:
    """Give a page of a list as it is answered."""
    cursor = None if next_before is None else write(of, next_before)
    return {"items": items, "next_cursor": cursor}
