"""What goes wrong with a send, and what is read of its attempt."""

import hashlib

from notifier.model.deliveries import Attempt, OutcomeKind, Settled
from notifier.model.errors import (
    ChannelDown,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE
from tests.unit.dispatch.doubles import said

SENT, REFUSED, FAILED = OutcomeKind.SENT, OutcomeKind.REFUSED, OutcomeKind.FAILED
HANDED_BACK, UNKNOWN = OutcomeKind.HANDED_BACK, OutcomeKind.UNKNOWN

NOT_NOW = Transient(
    Reason.RETRIES_EXHAUSTED, said("rcpt", 451, "4.7.1 <john@example.com> greylisted")
)
NO_MAILBOX = Unreachable(Reason.BAD_MAILBOX, said("rcpt", 550))
DOWN = ChannelDown(Reason.RETRIES_EXHAUSTED, said("connect", reply="connection refused"))
SIGN_IN_REFUSED = ChannelDown(Reason.REJECTED, said("auth", 535), hold=15 * MINUTE)
NO_REPLY = Unknown(Reason.OUTCOME_UNKNOWN, said("dot"))
NO_ANSWER = Unknown(Reason.OUTCOME_UNKNOWN, said("response"))


def attempt(settled: Settled) -> Attempt:
    assert settled.attempt is not None
    return settled.attempt


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
