"""The table of legal moves, and the schema that repeats it."""

from itertools import product
from pathlib import Path

import apsw
import pytest

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.reasons import Reason
from notifier.model.states import BORN, MOVES, OPEN, TERMINAL, BatchState, ClosedAs, State, may_move
from notifier.store import connection, migrate
from notifier.store.endings import ending

_ROW = (
    "INSERT INTO delivery (id, event_id, ticket_id, lane_id, bundle, rank, turn, state, reason,"
    " why, due_at, expires_at, created_at, updated_at, finished_at, batch_id, merged_into)"
    " VALUES (1, 1, 1, 1, '', 2, 1, ?1, ?2, 'x', 0, 0, 0, 0, ?3, 1, ?4)"
)


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_the_schema_allows_exactly_the_legal_moves(tmp_path: Path, old: State, new: State) -> None:
    writer = connection.open_writer(tmp_path / "notifier.db")
    migrate.apply(writer, migrate.shipped())

    def columns(state: State) -> tuple[str, str | None, int | None, int | None]:
        ended = None if state in OPEN else 1
        return (state, "operator" if ended else None, ended, 5 if state is State.MERGED else None)

    writer.execute(_ROW, columns(old))
    update = "UPDATE delivery SET state = ?1, reason = ?2, finished_at = ?3, merged_into = ?4"
    if old == new or may_move(old, new):
        writer.execute(update, columns(new))
    else:
        with pytest.raises(apsw.ConstraintError, match="may not move"):
            writer.execute(update, columns(new))
    writer.close()


def test_a_terminal_state_is_left_only_by_a_receipt_or_an_operator() -> None:
    for state in TERMINAL:
        assert MOVES[state] <= {State.PENDING, State.DELIVERED, State.UNDELIVERED}
    assert TERMINAL | {State.PENDING} >= BORN


@pytest.mark.parametrize("kind", [k for k in OutcomeKind if k is not OutcomeKind.INTERRUPTED])
@pytest.mark.parametrize("may_have_arrived", [False, True])
def test_every_outcome_leads_to_a_legal_move(kind: OutcomeKind, may_have_arrived: bool) -> None:
    made = ending(Outcome(kind, Reason.REJECTED), may_have_arrived=may_have_arrived, now=7)
    assert may_move(State.SENDING, made.members)
    assert (made.state is BatchState.CLOSED) == (made.closed_as is not None)


def test_what_an_outcome_does_to_its_token() -> None:
    stamped = {
        kind: ending(Outcome(kind, Reason.REJECTED), may_have_arrived=False, now=7).stamped
        for kind in OutcomeKind
        if kind is not OutcomeKind.INTERRUPTED
    }
    assert stamped == {
        OutcomeKind.SENT: True,
        OutcomeKind.REFUSED: False,
        OutcomeKind.FAILED: False,
        OutcomeKind.HANDED_BACK: False,
        OutcomeKind.UNKNOWN: True,
    }
    unknown = Outcome(OutcomeKind.FAILED, Reason.OUTCOME_UNKNOWN)
    assert ending(unknown, may_have_arrived=True, now=7).stamped


def test_a_batch_that_may_have_arrived_is_never_dissolved() -> None:
    for kind in (OutcomeKind.REFUSED, OutcomeKind.HANDED_BACK):
        made = ending(Outcome(kind), may_have_arrived=True, now=7)
        assert (made.state, made.closed_as, made.next_at) == (BatchState.UNKNOWN, None, 7)
    made = ending(Outcome(OutcomeKind.REFUSED, next_at=9), may_have_arrived=False, now=7)
    assert (made.state, made.next_at, made.counted) == (BatchState.WAITING, 9, True)
    made = ending(Outcome(OutcomeKind.SENT), may_have_arrived=True, now=7)
    assert made.closed_as is ClosedAs.SENT
