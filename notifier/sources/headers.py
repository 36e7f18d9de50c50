"""The headers of a call as its sender writes them, for the command line and the demonstration.

Takes a secret, an id, the time and a body, gives headers. Refuses an id that is not ASCII
(ValueError).
"""

from notifier.sources import signatures
from notifier.sources.secrets import Secret


def signed(secret: Secret | str, webhook_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """Give the headers of a call made at `seconds` since 1970 (Standard Webhooks, version 1)."""
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signatures.sign(secret, webhook_id, seconds, body),
    }
