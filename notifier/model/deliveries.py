"""Lanes, batches and outcomes: what passes between the store and dispatch.

Takes nothing, gives frozen values. Refuses nothing.
"""

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Protocol

from notifier.model.events import Event, from_facts
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason
from notifier.model.states import BatchState
from notifier.model.times import Instant
from notifier.model.values import value


class Token(IntEnum):
    """Which bucket of the limiter a batch counts in."""

    NORMAL = 0
    RESERVE = 1


Stamp = tuple[Instant, Token]
"""When the provider answered, and which bucket the send counted in."""


@value
class LaneState:
    """What the limiter knows of a lane. `open` counts the batches in flight, by token."""

    channel: str
    stamps: tuple[Stamp, ...]
    open: dict[Token, int]
    gate_at: Instant | None


@value
class Waiting:
    """A pending delivery that is due and not blocked."""

    delivery_id: int
    ticket_id: int
    rank: int
    bundle: str
    due_at: Instant


@value
class DueBatch:
    """A waiting or unknown batch whose next try is due."""

    batch_id: int
    rank: int
    state: BatchState


@value
class NewBatch:
    """Deliveries that leave as one message. `merged` are told by it and end as merged."""

    members: tuple[int, ...]
    token: Token
    merged: tuple[int, ...] = ()


@value
class Decision:
    """What a lane does now.

    `again` are due batches to try once more, each with its token; `form` are new batches.
    `gate_at`: when a normal token is free again; None when one is free, or when that depends
    on a batch in flight. `wake_at`: when what was left over may go; None when a settle tells.
    """

    again: tuple[tuple[int, Token], ...]
    form: tuple[NewBatch, ...]
    gate_at: Instant | None
    wake_at: Instant | None


class Decide(Protocol):
    """The pure decision of limits and batching, called by the store under the lane's lock."""

    def __call__(
        self,
        lane: LaneState,
        waiting: Sequence[Waiting],
        due: Sequence[DueBatch],
        now: Instant,
        places: int,
    ) -> Decision:
        """Give what to send; never more batches than `places`."""
        ...


@value
class Member:
    """A delivery as part of a batch, with the snapshot of its event."""

    delivery_id: int
    event_id: int
    ticket_id: int
    ticket_number: str
    rank: int
    person_name: str | None
    expires_at: Instant
    head: tuple[str, str, str, Instant]
    facts: str

    @property
    def event(self) -> Event:
        """Read the event from its snapshot."""
        return from_facts(self.head, self.facts)


@value
class Batch:
    """A leased batch. Its id and `first_at` fix Message-ID, boundary and Date.

    `attempts` counts the tries that counted before this one. `stored` holds the exact bytes
    of an earlier try whose outcome is unknown; when present they are sent again unchanged.
    `members` are ordered by id.
    """

    id: int
    fence: int
    channel: str
    address: str
    rank: int
    attempts: int
    first_at: Instant
    recipe: str
    was_unknown: bool
    stored: bytes | None
    members: tuple[Member, ...]

    @property
    def expires_at(self) -> Instant:
        """Give the instant after which no member may be sent any more."""
        return max(member.expires_at for member in self.members)


class OutcomeKind(StrEnum):
    """How an attempt ended, as written to the attempt row."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    HANDED_BACK = "handed_back"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"


@value
class Attempt:
    """One try, as evidence: times, how far it came, what the provider said.

    `digest` is the SHA-256 of the bytes sent, in hex.
    """

    started_at: Instant
    ended_at: Instant
    phase: str
    nonce: str
    receipt: Receipt
    digest: str | None


@value
class Outcome:
    """What dispatch decided about an attempt.

    `next_at`: when to try again (refused, unknown). `stored`: the bytes of an unknown try.
    `counts_against_address`: three of these suppress the address.
    """

    kind: OutcomeKind
    reason: Reason | None = None
    next_at: Instant | None = None
    stored: bytes | None = None
    counts_against_address: bool = False


@value
class Settled:
    """An outcome on its way to the store. `attempt` is None when no attempt was made."""

    batch_id: int
    fence: int
    outcome: Outcome
    attempt: Attempt | None
