"""What an outcome makes of a batch, its members and its token: the state machine, as a table.

Takes an outcome and what the batch was, gives what it becomes. Pure. Refuses nothing.
"""

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.reasons import Reason
from notifier.model.states import BatchState, ClosedAs, State
from notifier.model.times import Instant
from notifier.model.values import value


@value
class Ending:
    """The new state of a batch and its members.

    `counted`: the try adds to the attempts. `stamped`: it counts for the limiter; else its
    token is given back.
    """

    state: BatchState
    closed_as: ClosedAs | None
    members: State
    reason: Reason | None
    next_at: Instant | None
    counted: bool
    stamped: bool


def ending(outcome: Outcome, *, may_have_arrived: bool, now: Instant) -> Ending:
    """Give what an outcome leads to.

    A batch of which an earlier try may have arrived, because no reply came or the process died,
    becomes unknown again when this one is handed back or refused for now: it must never be
    dissolved into other bytes.
    """
    if outcome.kind is OutcomeKind.SENT:
        return Ending(BatchState.CLOSED, ClosedAs.SENT, State.SENT, None, None, True, True)
    if outcome.kind is OutcomeKind.FAILED:
        stamped = outcome.reason is Reason.OUTCOME_UNKNOWN
        return Ending(
            BatchState.CLOSED, ClosedAs.FAILED, State.FAILED, outcome.reason, None, True, stamped
        )
    if outcome.kind is OutcomeKind.UNKNOWN:
        return Ending(BatchState.UNKNOWN, None, State.UNKNOWN, None, outcome.next_at, True, True)
    counted = outcome.kind is OutcomeKind.REFUSED
    next_at = now if outcome.next_at is None else outcome.next_at
    if may_have_arrived:
        return Ending(BatchState.UNKNOWN, None, State.UNKNOWN, None, next_at, counted, False)
    return Ending(BatchState.WAITING, None, State.PENDING, None, next_at, counted, False)
