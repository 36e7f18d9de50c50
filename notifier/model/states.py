"""The state machines of deliveries and batches, as tables.

Takes states, gives whether a move between them is legal. Refuses nothing itself: the store
asks before it writes, and its CHECK constraints repeat the sets below.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    MERGED = "merged"


class BatchState(StrEnum):
    """Where a batch is; `waiting` was definitely refused, `unknown` may have been accepted."""

    SENDING = "sending"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    CLOSED = "closed"


class ClosedAs(StrEnum):
    """How a batch ended; `dissolved` means that its members wait again, each for itself."""

    SENT = "sent"
    FAILED = "failed"
    DISSOLVED = "dissolved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


S = State

OPEN = frozenset({S.PENDING, S.SENDING, S.UNKNOWN})
TERMINAL = frozenset(State) - OPEN
SPEAKING = frozenset({S.PENDING, S.SENDING, S.UNKNOWN, S.SENT, S.DELIVERED})
"""The states in which a delivery tells, or has told, its person."""

BORN = frozenset({S.PENDING, S.FAILED, S.SUPPRESSED, S.MERGED})

_ENDED_UNSENT = frozenset({S.FAILED, S.EXPIRED, S.SUPPRESSED, S.CANCELLED, S.MERGED})

MOVES = {
    S.PENDING: _ENDED_UNSENT | {S.SENDING},
    S.SENDING: _ENDED_UNSENT | {S.SENT, S.PENDING, S.UNKNOWN},
    S.UNKNOWN: _ENDED_UNSENT | {S.SENDING, S.SENT, S.DELIVERED, S.UNDELIVERED, S.PENDING},
    S.SENT: frozenset({S.DELIVERED, S.UNDELIVERED}),
    S.DELIVERED: frozenset[State](),
    S.UNDELIVERED: frozenset({S.PENDING}),
    S.FAILED: frozenset({S.PENDING}),
    S.EXPIRED: frozenset({S.PENDING}),
    S.SUPPRESSED: frozenset({S.PENDING}),
    S.CANCELLED: frozenset({S.PENDING}),
    S.MERGED: frozenset[State](),
}
"""Every legal move of a delivery; from a terminal state only a receipt or an operator moves it."""

RETRYABLE = frozenset(state for state in TERMINAL if S.PENDING in MOVES[state])
"""The ends after which an operator may let a delivery be sent after all."""


def may_move(old: State, new: State) -> bool:
    """Tell whether a delivery may go from `old` to `new`."""
    return new in MOVES[old]
