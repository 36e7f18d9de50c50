"""What an event changes about its ticket."""

import pytest

from notifier.model.events import Party
from notifier.model.plans import TicketState, Told
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.planning import turns
from tests.unit.planning.examples import JANE, JOHN, NOW, event

HELD = TicketState(turn=3, assignee=JOHN, version=7, occurred_at=NOW)


@pytest.mark.parametrize(
    ("version", "at", "known", "older"),
    [
        (6, NOW + 1, 7, True),
        (7, NOW - 1, 7, False),
        (8, NOW - 1, 7, False),
        (None, NOW - 1, 7, True),
        (None, NOW, 7, False),
        (6, NOW, None, False),
        (6, NOW - 1, None, True),
        ("2026-11-23T08:00:00Z", NOW + 1, "2026-11-23T08:00:01Z", True),
        ("2026-11-23T09:00:01+01:00", NOW - 1, "2026-11-23T08:00:01Z", False),
        ("2026-11-23T09:00:00Z", NOW, 7, False),
        ("2026-11-23T09:00:00Z", NOW - 1, 7, True),
    ],
)
def test_versions_of_one_kind_decide_and_else_the_time(
    version: int | str | None, at: int, known: int | str | None, older: bool
) -> None:
    state = TicketState(version=known, occurred_at=NOW)
    assert turns.is_older(event("ticket.updated", None, version=version, at=at), state) is older


@pytest.mark.parametrize(
    ("kind", "assignee", "turn", "holder"),
    [
        ("ticket.assigned", JOHN, 3, JOHN),
        ("ticket.assigned", JANE, 4, JANE),
        ("ticket.updated", JANE, 4, JANE),
        ("ticket.resolved", JANE, 4, JANE),
        ("ticket.updated", None, 3, JOHN),
        ("ticket.created", None, 3, JOHN),
        ("ticket.assigned", None, 4, None),
        ("ticket.unassigned", None, 4, None),
        ("ticket.unassigned", JOHN, 4, None),
    ],
)
def test_a_change_of_assignee_starts_a_turn(
    kind: str, assignee: Party | None, turn: int, holder: Party | None
) -> None:
    after = turns.follow(event(kind, assignee), HELD)
    assert (after.turn, after.assignee) == (turn, holder)


def test_the_first_assignee_has_turn_one() -> None:
    nobody = turns.follow(event("ticket.unassigned", None), TicketState())
    assert nobody.turn == 0
    assert turns.follow(event("ticket.assigned", JOHN), nobody).turn == 1


def test_the_same_person_after_nobody_has_another_turn() -> None:
    nobody = turns.follow(event("ticket.unassigned", None), HELD)
    assert turns.follow(event("ticket.assigned", JOHN), nobody).turn == HELD.turn + 2


def test_what_was_known_of_a_holder_is_kept_when_an_event_names_less() -> None:
    by_id = turns.follow(event("ticket.updated", Party(id="7")), HELD)
    by_mail = turns.follow(event("ticket.updated", Party(email="JOHN@example.com")), by_id)
    assert by_mail.turn == HELD.turn
    assert by_mail.assignee == Party(
        id="7", name="John Smith", email="JOHN@example.com", phone="+14155550123"
    )


def test_a_holder_without_id_is_known_by_what_is_learned_later() -> None:
    state = TicketState(turn=1, assignee=Party(email="john@example.com"))
    state = turns.follow(event("ticket.updated", JOHN), state)
    assert turns.follow(event("ticket.updated", Party(id="7")), state).turn == 1


def test_version_and_time_are_remembered_and_never_go_back() -> None:
    newer = turns.follow(event("ticket.resolved", None, version=8, at=NOW - 5), HELD)
    assert (newer.version, newer.occurred_at) == (8, NOW)
    unversioned = turns.follow(event("ticket.updated", JOHN, at=NOW + 5), newer)
    assert (unversioned.version, unversioned.occurred_at) == (8, NOW + 5)


@pytest.mark.parametrize("kind", ["ticket.updated", "ticket.created", "ticket.reopened"])
def test_an_event_that_names_nobody_leaves_version_and_time_alone(kind: str) -> None:
    assert turns.follow(event(kind, None, version=8, at=NOW + 5), HELD) == HELD


def test_version_zero_is_a_version() -> None:
    state = turns.follow(event("ticket.created", JOHN, version=0), TicketState(occurred_at=NOW))
    assert state.version == 0


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("ticket.resolved", False, True),
        ("ticket.closed", False, True),
        ("ticket.updated", False, False),
        ("ticket.updated", True, True),
        ("ticket.unassigned", True, True),
        ("ticket.reopened", True, False),
        ("ticket.assigned", True, False),
        ("ticket.created", True, False),
    ],
)
def test_a_ticket_is_closed_until_it_is_opened_again(kind: str, before: bool, after: bool) -> None:
    assert turns.follow(event(kind, None), TicketState(closed=before)).closed is after


def told(number: int, state: State, *, turn: int = 1, withdrawn: bool = False) -> Told:
    return Told(number, "email", turn, state, withdrawn, None, NOW)


OPEN_AND_DONE = [
    told(1, State.PENDING),
    told(2, State.SENDING),
    told(3, State.UNKNOWN),
    told(4, State.SENDING, withdrawn=True),
    told(5, State.SENT),
    told(6, State.FAILED),
    told(7, State.PENDING, turn=2),
]


def test_a_new_turn_withdraws_what_is_open_of_earlier_ones() -> None:
    withdrawn = turns.withdrawals(event("ticket.assigned", JANE), OPEN_AND_DONE, 2)
    assert [one.delivery_id for one in withdrawn] == [1, 2, 3]
    assert {one.reason for one in withdrawn} == {Reason.REASSIGNED}


@pytest.mark.parametrize("kind", ["ticket.resolved", "ticket.closed"])
def test_a_closed_ticket_withdraws_all_that_is_open(kind: str) -> None:
    withdrawn = turns.withdrawals(event(kind, JOHN), OPEN_AND_DONE, 2)
    assert [one.delivery_id for one in withdrawn] == [1, 2, 3, 7]
    assert {one.reason for one in withdrawn} == {Reason.TICKET_CLOSED}


def test_within_a_turn_nothing_is_withdrawn() -> None:
    assert turns.withdrawals(event("ticket.updated", JOHN), [told(1, State.PENDING)], 1) == ()
