"""Messages and what a channel says of itself and of a finished send.

Takes rendered text, gives the values that pass between rendering, dispatch and channels.
Refuses nothing.
"""

from enum import StrEnum

from notifier.model.values import value


class Medium(StrEnum):
    """The form a message takes; a channel carries exactly one."""

    EMAIL = "email"
    SMS = "sms"


@value
class Email:
    """A mail, finished: `raw` holds the exact 7-bit bytes, lines ended by CRLF, no dot-stuffing."""

    subject: str
    text: str
    html: str
    raw: bytes


@value
class Sms:
    """A text message with the encoding and segment count its body needs."""

    body: str
    encoding: str
    segments: int


Message = Email | Sms


@value
class Outgoing:
    """One message on its way to one address.

    `nonce` names the attempt; `valid_for` is the time left in whole seconds, at least 1.
    """

    message: Message
    to: str
    nonce: str
    valid_for: int


@value
class Receipt:
    """What the provider answered when it took a message."""

    provider_id: str | None = None
    code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    remote: str | None = None


@value
class About:
    """What a channel says of itself to the API, the documentation and dispatch.

    `commits_start`: its attempts are recorded before the first byte leaves, because the
    provider offers no way to make a repeat harmless. `places`: how many sends run at once.
    """

    title: str
    places: int
    commits_start: bool
