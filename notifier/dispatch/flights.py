"""A batch in hand: how far it came, and the evidence that it leaves.

Takes a leased batch and how its send ended, gives the attempt to settle. Refuses nothing.
"""

import hashlib
from asyncio import Task
from dataclasses import dataclass

from notifier.model.deliveries import Attempt, Batch, Outcome, Settled
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Evidence,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
)
from notifier.model.messages import Email, Medium, Message, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import Instant

_ANSWERED = {Medium.EMAIL: "dot", Medium.SMS: "response"}
"""The phase in which a provider takes a message."""

_BEGUN = {Medium.EMAIL: "connect", Medium.SMS: "request"}


@dataclass(slots=True, eq=False)
class Flight:
    """One try to send one batch.

    `announced`: the store knows that it began. `departed`: the channel was told that it may
    write the irreversible byte, so perhaps it did. `heard_at`: from when on silence counts.
    """

    batch: Batch
    medium: Medium
    nonce: str
    started_at: Instant = 0
    message: Message | None = None
    announced: bool = False
    departed: bool = False
    withdrawn: bool = False
    heard_at: Instant = 0
    sending: Task[Receipt | Exception] | None = None


def interrupted(flight: Flight) -> DeliveryError:
    """Give how a flight ended that was stopped from outside."""
    if not flight.departed:
        return not_ours(flight)
    evidence = Evidence(_ANSWERED[flight.medium], reply="given up before the reply came")
    return Unknown(Reason.OUTCOME_UNKNOWN, evidence)


def not_ours(flight: Flight) -> HandedBack:
    """Give how a flight ended whose lease was lost before it began."""
    return HandedBack(Reason.EXPIRED, Evidence(_BEGUN[flight.medium]))


def silence(flight: Flight) -> DeliveryError:
    """Give what it means that the provider says nothing to a message that it was handed."""
    evidence = Evidence(_ANSWERED[flight.medium], reply="no reply for 30 s")
    return ChannelDown(Reason.RETRIES_EXHAUSTED, evidence)


def unforeseen(flight: Flight, error: Exception, *, careful: bool) -> DeliveryError:
    """Give how a flight ended that met a fault of our own.

    Whatever may have reached the provider is not sent again as if it had not.
    """
    name = type(error).__name__
    if flight.message is None:
        return Permanent(Reason.TEMPLATE_ERROR, Evidence("render", reply=name))
    if flight.departed or (careful and flight.announced):
        return Unknown(Reason.OUTCOME_UNKNOWN, Evidence(_ANSWERED[flight.medium], reply=name))
    return Transient(Reason.RETRIES_EXHAUSTED, Evidence(_BEGUN[flight.medium], reply=name))


def settled(
    flight: Flight, result: Receipt | DeliveryError, outcome: Outcome, now: Instant
) -> Settled:
    """Give the settle of a flight, with the evidence of its try."""
    batch = flight.batch
    return Settled(batch.id, batch.fence, outcome, _attempt(flight, result, now))


def unsent(flight: Flight, outcome: Outcome) -> Settled:
    """Give the settle of a flight that was never tried."""
    return Settled(flight.batch.id, flight.batch.fence, outcome, None)


def _attempt(flight: Flight, result: Receipt | DeliveryError, now: Instant) -> Attempt | None:
    # What was announced has a row already, and that row must not stay open.
    if isinstance(result, HandedBack) and not flight.announced:
        return None
    if isinstance(result, Receipt):
        phase, receipt = _ANSWERED[flight.medium], result
    else:
        said = result.evidence
        phase = said.phase
        receipt = Receipt(None, said.code, said.enhanced_code, said.reply, said.remote)
    sent = flight.message if flight.departed else None
    return Attempt(flight.started_at, now, phase, flight.nonce, receipt, _digest(sent))


def _digest(message: Message | None) -> str | None:
    if message is None:
        return None
    sent = (
        message.raw if isinstance(message, Email) else message.body.encode(errors="surrogatepass")
    )
    return hashlib.sha256(sent).hexdigest()
