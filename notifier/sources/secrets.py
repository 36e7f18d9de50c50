"""Webhook secrets: `whsec_` and base64, as Standard Webhooks writes them.

Takes text from the settings, gives keys that never show themselves. Refuses text that is no
such secret (ConfigurationError), without repeating any of it.
"""

import base64
import binascii
from dataclasses import dataclass, field

from notifier.model.errors import ConfigurationError

_PREFIX = "whsec_"
_LENGTHS = range(24, 65)
_MEND = "Copy it whole from the help desk, or let `notifier init` make one in an empty folder."


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """One key for HMAC-SHA256, 24 to 64 bytes long (the Standard Webhooks specification)."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Raise ConfigurationError when the key is too short to be safe, or too long."""
        if len(self.key) not in _LENGTHS:
            raise ConfigurationError(
                f"A webhook secret must hold 24 to 64 bytes, not {len(self.key)}. {_MEND}"
            )


def parse(text: str) -> tuple[Secret, ...]:
    """Read secrets separated by spaces; none gives an empty tuple.

    Base64 without its padding is taken too: several senders leave it out. Raises
    ConfigurationError with one line for each secret that is wrong.
    """
    words = text.split()
    secrets: list[Secret] = []
    faults: list[str] = []
    for place, word in enumerate(words, 1):
        try:
            secrets.append(parse_one(word))
        except ConfigurationError as error:
            faults.append(f"Webhook secret {place} of {len(words)}: {error}")
    if faults:
        raise ConfigurationError("\n".join(faults))
    return tuple(secrets)


def parse_one(word: str) -> Secret:
    """Read one secret; raises ConfigurationError when it is none, or more than one."""
    if not word.startswith(_PREFIX):
        raise ConfigurationError(f"It must begin with {_PREFIX}. {_MEND}")
    encoded = word.removeprefix(_PREFIX)
    padding = "=" * (-len(encoded) % 4)
    try:
        key = binascii.a2b_base64(encoded + padding, strict_mode=True)
    except ValueError:
        raise ConfigurationError(f"What follows {_PREFIX} must be base64. {_MEND}") from None
    return Secret(key)


def new_secret(random_bytes: bytes) -> str:
    """Write a secret made of random bytes (give it 32); raises ConfigurationError as Secret."""
    return _PREFIX + base64.b64encode(Secret(random_bytes).key).decode()
