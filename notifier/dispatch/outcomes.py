"""From how a send ended to what becomes of its batch.

Takes a receipt or a DeliveryError and the try it belongs to, gives an outcome: sent, again
later, failed, handed back, unknown. Pure: chance comes in as an argument. Refuses nothing.
"""

from notifier.model.deliveries import Batch, Outcome, OutcomeKind
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.messages import Email, Medium, Message, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import HOUR, MINUTE, SECOND, Instant, Millis
from notifier.model.values import value

_REPEAT_UNKNOWN: Millis = MINUTE
_DOWN_LEAST: Millis = SECOND
_DOWN_SPREAD: Millis = 14 * SECOND
_EXPIRED_PAUSE: Millis = 15 * SECOND


@value
class _Schedule:
    """The waits after each refusal; `then` repeats after them, None gives up."""

    waits: tuple[Millis, ...]
    then: Millis | None


_SCHEDULES = {
    Medium.EMAIL: _Schedule((15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE), HOUR),
    Medium.SMS: _Schedule((5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE), None),
}


@value
class Try:
    """What an outcome depends on besides the result.

    `careful`: nothing makes a repeat harmless on this channel. `message` is None when none
    could be made. `jitter` is a chance from 0 to 1.
    """

    batch: Batch
    medium: Medium
    careful: bool
    message: Message | None
    now: Instant
    jitter: float


def outcome_of(result: Receipt | DeliveryError, made: Try) -> Outcome:
    """Give what becomes of the batch."""
    match result:
        case Receipt():
            return Outcome(OutcomeKind.SENT)
        case Permanent():
            against = isinstance(result, Unreachable)
            return Outcome(OutcomeKind.FAILED, result.reason, counts_against_address=against)
        case ChannelDown():
            # The breaker decides when to go on; this only keeps the first few from spinning.
            pause = _DOWN_LEAST + round(_DOWN_SPREAD * made.jitter)
            return Outcome(OutcomeKind.HANDED_BACK, result.reason, made.now + pause)
        case HandedBack():
            return handed_back(made.batch, made.now)
        case Unknown():
            return _unknown(result, made)
    return _again(result, made)


def handed_back(batch: Batch, now: Instant) -> Outcome:
    """Give the outcome of a batch that was not sent, through no fault of anybody's.

    One past its deadline waits for the sweep to end it, instead of being leased once more.
    """
    pause = 0 if now < batch.expires_at else _EXPIRED_PAUSE
    return Outcome(OutcomeKind.HANDED_BACK, next_at=now + pause)


def _unknown(error: Unknown, made: Try) -> Outcome:
    if made.careful:
        return Outcome(OutcomeKind.UNKNOWN, error.reason)
    if made.batch.was_unknown:
        return Outcome(OutcomeKind.FAILED, Reason.OUTCOME_UNKNOWN)
    stored = made.message.raw if isinstance(made.message, Email) else None
    return Outcome(OutcomeKind.UNKNOWN, error.reason, made.now + _REPEAT_UNKNOWN, stored)


def _again(error: DeliveryError, made: Try) -> Outcome:
    wait = _wait(made)
    if wait is None:
        return Outcome(OutcomeKind.FAILED, Reason.RETRIES_EXHAUSTED)
    least = error.retry_after if isinstance(error, Transient) else None
    return Outcome(OutcomeKind.REFUSED, error.reason, made.now + max(wait, least or 0))


def _wait(made: Try) -> Millis | None:
    """Full jitter: anything up to the scheduled wait, so that a crowd comes back spread out."""
    schedule, tries = _SCHEDULES[made.medium], made.batch.attempts
    longest = schedule.waits[tries] if tries < len(schedule.waits) else schedule.then
    return None if longest is None else max(round(longest * made.jitter), 1)
