"""What a check found: one thing looked at, how it is, and what to do about it.

Takes and gives plain values. Refuses nothing; no text in it holds a secret.
"""

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """How a thing is: `warning` works but deserves a look, `off` is switched off on purpose."""

    OK = "ok"
    OFF = "off"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is settings, sources, store, templates, email or sms.

    `mend` is empty where nothing is wrong. It and `cause` are one line without a full stop.
    """

    about: str
    condition: Condition
    cause: str
    mend: str = ""
