"""The one tree of exceptions.

NotifierError
  ConfigurationError            start-up only; the command exits 2
  CallFailed                    a command asked the running service in vain; it exits 1
  WebhookError                  the call is answered, nothing is stored
    UnknownSource               404, no help desk of that name is configured
    TooLarge                    413, the body is over the limit
    BadSignature                401, the cause goes to the log only
      Stale                     401, signed too long ago, or in the future
    UnsupportedMedia            415, not a content type or encoding that is read
    BadPayload                  400, not readable as JSON
    WrongShape                  422, readable but not an event
    Unmapped                    a source of one's own answers success, and keeps the call
  StoreError
    StoreBusy                   429, too many calls wait for their commit
    StoreFailed                 503, nothing could be committed
    StoreDamaged, StoreLocked   start-up only; the command exits 1
  DeliveryError(reason)         raised by channels and rendering, met by dispatch
    Transient(retry_after)      definitely refused, try again
    Permanent                   definitely refused, failed
      Unreachable               and it counts against the address
    ChannelDown(hold)           the breaker learns of it; the delivery keeps its attempt
    HandedBack                  given up before the irreversible byte; not an attempt
    Unknown                     no reply after the irreversible byte
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from notifier.model.reasons import Reason
from notifier.model.times import Millis


class NotifierError(Exception):
    """Everything this service raises on purpose."""


class ConfigurationError(NotifierError):
    """Settings that cannot work; the text says how to mend them, one line per fault."""


class CallFailed(NotifierError):
    """A command asked the service in vain; the text says why, and what to do."""

    def __init__(self, text: str, problem: Mapping[str, object] | None = None) -> None:
        """`problem` is what the service answered, None when no answer came."""
        super().__init__(text)
        self.problem = problem


class WebhookError(NotifierError):
    """A call that is answered with an error; nothing of it is kept."""


class UnknownSource(WebhookError):
    """No help desk of that name is configured."""


class UnsupportedMedia(WebhookError):
    """A content type or encoding that is not read; the text says which one is."""


class BadSignature(WebhookError):
    """Not signed by somebody who knows a secret; the text is for the log only."""


class Stale(BadSignature):
    """The timestamp is further from our clock than SIGNATURE_TOLERANCE."""


class TooLarge(WebhookError):
    """The body is larger than MAX_BODY."""

    def __init__(self, limit: int) -> None:
        """`limit` is what the caller may send, in bytes."""
        super().__init__(f"The body may have at most {limit} bytes.")


class BadPayload(WebhookError):
    """Not JSON as RFC 8259 has it, or not in UTF-8."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a body: where (`data.ticket.id`), and what would be right."""

    path: str
    message: str


class WrongShape(WebhookError):
    """JSON that is not an event; `faults` names every wrong place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """`faults` is not empty."""
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class Unmapped(WebhookError):
    """A verified call that the mapping of its source cannot read; the text says where and why.

    Unlike the others it is kept, shown in history, and read again when the mapping was mended.
    """


class StoreError(NotifierError):
    """The store could not do what it was asked."""


class StoreBusy(StoreError):
    """Too many calls wait for their commit."""


class StoreFailed(StoreError):
    """Nothing can be committed at present."""


class StoreDamaged(StoreError):
    """The file is not a sound database; the text says how to restore it."""


class StoreLocked(StoreError):
    """Another process holds the store; the text names it."""

    def __init__(self, text: str, holder: str = "another process") -> None:
        """`holder` is `process NUMBER on HOST`, where it is known."""
        super().__init__(text)
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a provider said when it refused, and how far the attempt had come.

    `phase` is one of connect, tls, auth, mail, rcpt, data, body, dot, request, response, render.
    `fault` names, in the channel's words, what went wrong where no reply says it.
    """

    phase: str
    code: int | None = None
    enhanced_code: str | None = None
    reply: str | None = None
    remote: str | None = None
    fault: str | None = None


class DeliveryError(NotifierError):
    """A send that did not end in a receipt."""

    def __init__(self, reason: Reason, evidence: Evidence) -> None:
        """`reason` is what a person will read; `evidence` goes to the attempt."""
        super().__init__(evidence.reply or reason.sentence)
        self.reason = reason
        self.evidence = evidence


class Transient(DeliveryError):
    """Definitely refused for now."""

    def __init__(
        self, reason: Reason, evidence: Evidence, retry_after: Millis | None = None
    ) -> None:
        """`retry_after` is the least wait the provider asked for."""
        super().__init__(reason, evidence)
        self.retry_after = retry_after


class Permanent(DeliveryError):
    """Definitely refused for good."""


class Unreachable(Permanent):
    """Refused for good because of the address; three of these suppress it."""


class ChannelDown(DeliveryError):
    """The provider, not the message, is at fault."""

    def __init__(self, reason: Reason, evidence: Evidence, hold: Millis | None = None) -> None:
        """`hold`: open the breaker at once for this long (a refused sign-in)."""
        super().__init__(reason, evidence)
        self.hold = hold


class HandedBack(DeliveryError):
    """Given up before the irreversible byte: lease, deadline, withdrawal or shutdown."""


class Unknown(DeliveryError):
    """No reply after the irreversible byte: perhaps taken, perhaps not."""
