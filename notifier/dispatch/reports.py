"""What dispatch tells the log of its sends, without addresses, texts or secrets.

Takes flights and how they ended, gives log lines with their action and ids. Refuses to show
an address or a number in full, also inside a provider's reply.
"""

import logging
import traceback

from notifier.dispatch.flights import Flight
from notifier.model import ids, masking, times
from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.errors import ChannelDown, DeliveryError, StoreError
from notifier.model.messages import Receipt
from notifier.model.times import Instant

_log = logging.getLogger(__name__)

_LONGEST_READ = 1000
_LONGEST_SHOWN = 300
# The batch has them all; a roll-up may have a thousand.
_MEMBERS_NAMED = 10

_ACTIONS = {
    OutcomeKind.REFUSED: "delivery.refused",
    OutcomeKind.FAILED: "delivery.failed",
    OutcomeKind.UNKNOWN: "delivery.unknown",
    OutcomeKind.HANDED_BACK: "delivery.handed_back",
}


def reply_shown(reply: str) -> str:
    """Give a provider's words on one line, with every address in them shortened."""
    words = " ".join(reply[:_LONGEST_READ].split())
    return masking.masked_foreign(words)[:_LONGEST_SHOWN]


def ended(title: str, flight: Flight, result: Receipt | DeliveryError, outcome: Outcome) -> None:
    """Report how a send ended."""
    batch = flight.batch
    named = batch.members[:_MEMBERS_NAMED]
    about: dict[str, object] = {
        "batch": ids.public("bat", batch.id),
        "deliveries": [ids.public("dlv", member.delivery_id) for member in named],
        "events": sorted({ids.public("evt", member.event_id) for member in named}),
        "channel": batch.channel,
        "recipient": masking.masked_foreign(batch.address),
        "outcome": outcome.kind.value,
    }
    if isinstance(result, Receipt):
        _log.info(
            "delivery sent", extra={"action": "delivery.sent", "remote": result.remote, **about}
        )
        return
    if outcome.kind is OutcomeKind.HANDED_BACK and not isinstance(result, ChannelDown):
        _log.info("delivery handed back", extra={"action": "delivery.handed_back", **about})
        return
    said = result.evidence
    failed = outcome.kind is OutcomeKind.FAILED
    about |= {"phase": said.phase, "code": said.code, "reason": outcome.reason if failed else None}
    _log.log(
        logging.ERROR if failed else logging.WARNING,
        "[%s Error] to %s: %s%s",
        title,
        about["recipient"],
        _words(result),
        _then(outcome),
        extra={"action": _ACTIONS[outcome.kind], **about},
    )


def made_anew(flight: Flight) -> None:
    """Report that a repeated message is not made of what its first try was made of."""
    _log.warning(
        "a message is sent again after settings or templates changed: same identity, other bytes",
        extra={"action": "batch.made_anew", "batch": ids.public("bat", flight.batch.id)},
    )


def channel_down(title: str, error: Receipt | Exception, probe_at: Instant) -> None:
    """Report that a breaker opened, or that a probe failed."""
    _log.error(
        "[%s Error] the channel is down: %s; asking again at %s",
        title,
        _words(error) if isinstance(error, DeliveryError) else type(error).__name__,
        times.to_text(probe_at),
        extra={"action": "channel.down"},
    )


def channel_up(title: str) -> None:
    """Report that a breaker closed."""
    _log.info("[%s] the channel is up again", title, extra={"action": "channel.up"})


def leases_lost(count: int) -> None:
    """Report that batches were held too long without a renewal."""
    _log.warning("%d leases were lost", count, extra={"action": "batch.lease_lost"})


def stumbled(what: str, error: Exception) -> None:
    """Report a fault that something survives; only the store's own words hold no data."""
    if isinstance(error, StoreError):
        _log.warning("%s: %s", what, error, extra={"action": "dispatch.stumbled"})
        return
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error(
        "%s: %s\n%s", what, type(error).__name__, where, extra={"action": "dispatch.stumbled"}
    )


def _words(error: DeliveryError) -> str:
    said = error.evidence
    reply = reply_shown(said.reply or "")
    # A server that gives an enhanced code usually begins its words with it.
    enhanced = None if reply.startswith(said.enhanced_code or " ") else said.enhanced_code
    parts = (said.code, enhanced, reply or None)
    words = " ".join(str(part) for part in parts if part is not None)
    return words or error.reason.sentence


def _then(outcome: Outcome) -> str:
    if outcome.kind is OutcomeKind.FAILED and outcome.reason is not None:
        return f" ({outcome.reason.sentence})"
    if outcome.kind is OutcomeKind.UNKNOWN:
        return " (no answer; it may have arrived)"
    return "" if outcome.next_at is None else f"; next try at {times.to_text(outcome.next_at)}"
