from dataclasses import replace

import pytest

from notifier.model.events import Event, Party, Priority
from notifier.model.plans import NewDelivery
from notifier.model.reasons import Reason
from notifier.model.states import SPEAKING, State
from notifier.planning.plan import NOBODY
from notifier.planning.policy import Policy
from tests.unit.planning.examples import (
    ADMINISTRATOR,
    ASSIGNED,
    CREATED,
    JANE,
    JOHN,
    NOW,
    POLICY,
    WINDOW,
    Desk,
    event,
)

MERGED = (State.MERGED, Reason.SAME_SAVE)
SUPERSEDED = (State.CANCELLED, Reason.SUPERSEDED)
PENDING = (State.PENDING, None)


def verdicts(
    heard: Event, desk: Desk | None = None, now: int = NOW
) -> list[tuple[State, Reason | None]]:
    made = (desk or Desk()).hear(heard, now)
    return [(new.state, new.reason) for new in made.add]


def with_policy(**changes: object) -> Desk:
    values = {name: getattr(POLICY, name) for name in Policy.__slots__}
    return Desk(Policy(**{**values, **changes}))


def test_the_assignee_is_told_on_every_channel() -> None:
    made = Desk().hear(event(ASSIGNED, JOHN))
    assert made.add == (
        NewDelivery(
            person=JOHN,
            key=("id", "default", "7"),
            channel="email",
            recipient="john@example.com",
            state=State.PENDING,
            reason=None,
            merged_into=None,
            rank=Priority.HIGH.rank,
            due_at=NOW,
            expires_at=NOW + 86_400_000,
            why="ticket.assigned tells the assignee",
            turn=1,
        ),
        NewDelivery(
            person=JOHN,
            key=("id", "default", "7"),
            channel="sms",
            recipient="+14155550123",
            state=State.PENDING,
            reason=None,
            merged_into=None,
            rank=Priority.HIGH.rank,
            due_at=NOW,
            expires_at=NOW + 3_600_000,
            why="ticket.assigned tells the assignee",
            turn=1,
        ),
    )
    assert made.note is None
    assert made.withdraw == ()
    assert made.ticket.assignee == JOHN


@pytest.mark.parametrize("kind", [ASSIGNED, CREATED])
def test_without_assignee_a_note_says_so(kind: str) -> None:
    made = Desk().hear(event(kind, None))
    assert (made.add, made.note) == ((), "no_assignee")


@pytest.mark.parametrize("kind", ["ticket.updated", "ticket.commented", "ticket.unassigned"])
def test_other_types_tell_nobody_and_a_note_says_so(kind: str) -> None:
    made = Desk().hear(event(kind, JOHN))
    assert (made.add, made.note) == ((), NOBODY)


def test_the_clock_of_the_sender_does_not_move_the_deadline() -> None:
    made = Desk().hear(event(ASSIGNED, JANE, at=NOW - 10 * 86_400_000))
    assert made.add[0].expires_at == NOW + 86_400_000


def test_nobody_is_told_of_their_own_action() -> None:
    own = event(ASSIGNED, JOHN, actor=JOHN)
    assert verdicts(own) == [(State.SUPPRESSED, Reason.OWN_ACTION)] * 2


def test_the_actor_is_known_by_email_too() -> None:
    own = event(ASSIGNED, JANE, actor=Party(email="Jane@Example.com"))
    assert verdicts(own) == [(State.SUPPRESSED, Reason.OWN_ACTION)]


def test_own_action_comes_before_every_other_reason() -> None:
    nowhere, wrong = Party(id="1"), Party(id="1", email="nonsense")
    for person in (nowhere, wrong):
        made = Desk().hear(event(ASSIGNED, person, actor=ADMINISTRATOR))
        assert [new.reason for new in made.add] == [Reason.OWN_ACTION]
        assert [new.recipient for new in made.add] == [person.email]


def test_one_who_wants_it_is_told_of_their_own_action() -> None:
    own = event(ASSIGNED, JOHN, actor=JOHN)
    assert verdicts(own, with_policy(notify_self=True)) == [PENDING] * 2


def test_a_person_without_any_address_leaves_one_failure() -> None:
    (new,) = Desk().hear(event(ASSIGNED, Party(id="5", name="Jane Doe"))).add
    assert (new.state, new.reason) == (State.FAILED, Reason.NO_ADDRESS)
    assert (new.channel, new.recipient, new.expires_at) == (None, None, NOW)


def test_a_bad_address_is_kept_as_given_and_shortened() -> None:
    person = Party(id="5", email="nonsense\ud800" + "x" * 1000, phone="+14155550123")
    mail, sms = Desk().hear(event(ASSIGNED, person)).add
    assert (mail.state, mail.reason) == (State.FAILED, Reason.BAD_ADDRESS)
    assert mail.recipient == ("nonsense\\ud800" + "x" * 1000)[:320]
    assert (sms.state, sms.reason) == PENDING


def test_a_channel_that_is_off_comes_before_one_that_is_not_configured() -> None:
    desk = with_policy(enabled=frozenset({"email"}), configured=frozenset())
    assert verdicts(event(ASSIGNED, JOHN), desk) == [
        (State.SUPPRESSED, Reason.CHANNEL_NOT_CONFIGURED),
        (State.SUPPRESSED, Reason.CHANNEL_DISABLED),
    ]


@pytest.mark.parametrize(
    ("least", "sms"),
    [
        (Priority.HIGH, PENDING),
        (Priority.CRITICAL, (State.SUPPRESSED, Reason.BELOW_SMS_PRIORITY)),
    ],
)
def test_only_an_sms_needs_a_priority(least: Priority, sms: tuple[State, Reason | None]) -> None:
    desk = with_policy(sms_min_rank=least.rank)
    assert verdicts(event(ASSIGNED, JOHN), desk) == [PENDING, sms]


def test_a_suppressed_address_is_not_written_to() -> None:
    desk = Desk(suppressed={("sms", "+14155550123"): Reason.OPTED_OUT})
    assert verdicts(event(ASSIGNED, JOHN), desk) == [
        PENDING,
        (State.SUPPRESSED, Reason.OPTED_OUT),
    ]


@pytest.mark.parametrize("kinds", [(CREATED, ASSIGNED), (ASSIGNED, CREATED)])
def test_one_save_is_one_message(kinds: tuple[str, str]) -> None:
    desk = Desk()
    first = desk.hear(event(kinds[0], JOHN))
    second = desk.hear(event(kinds[1], JOHN), NOW + WINDOW)
    assert [new.state for new in first.add] == [State.PENDING] * 2
    assert [(new.state, new.reason) for new in second.add] == [MERGED] * 2
    assert [new.merged_into for new in second.add] == [1, 2]
    assert second.withdraw == ()


def test_after_the_window_another_notice_speaks() -> None:
    desk = Desk()
    desk.hear(event(CREATED, JANE, version=1))
    assert verdicts(event(ASSIGNED, JANE, version=2), desk, NOW + WINDOW + 1) == [PENDING]


def test_the_same_version_is_one_save_however_late() -> None:
    desk = Desk()
    desk.hear(event(CREATED, JANE, version="2026-11-23T09:00:00Z"))
    again = event(ASSIGNED, JANE, version="2026-11-23T10:00:00+01:00")
    assert verdicts(again, desk, NOW + 10 * WINDOW) == [MERGED]


@pytest.mark.parametrize("state", sorted(SPEAKING))
def test_a_notice_merges_into_one_that_tells_or_has_told(state: State) -> None:
    desk = Desk()
    desk.hear(event(CREATED, JANE))
    desk.turn_to(state)
    assert verdicts(event(ASSIGNED, JANE), desk) == [MERGED]


@pytest.mark.parametrize("state", sorted(set(State) - SPEAKING))
def test_a_notice_speaks_where_the_first_did_not(state: State) -> None:
    desk = Desk()
    desk.hear(event(CREATED, JANE))
    desk.turn_to(state)
    assert verdicts(event(ASSIGNED, JANE), desk) == [PENDING]


def test_a_notice_never_merges_into_one_marked_for_withdrawal() -> None:
    desk = Desk()
    desk.hear(event(CREATED, JANE))
    desk.turn_to(State.SENDING)
    desk.hear(event("ticket.resolved", None))
    assert verdicts(event(ASSIGNED, JANE), desk) == [PENDING]


def test_a_notice_merges_on_its_own_channel_only() -> None:
    desk = Desk()
    desk.hear(event(CREATED, replace(JOHN, phone=None)))
    assert verdicts(event(ASSIGNED, JOHN), desk) == [MERGED, PENDING]


def test_a_reassignment_withdraws_the_first_and_tells_the_second() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JOHN))
    made = desk.hear(event(ASSIGNED, JANE))
    assert [(one.delivery_id, one.reason) for one in made.withdraw] == [
        (1, Reason.REASSIGNED),
        (2, Reason.REASSIGNED),
    ]
    assert [(new.person, new.state) for new in made.add] == [(JANE, State.PENDING)]


def test_back_and_forth_within_the_window_tells_again() -> None:
    desk = Desk()
    for person in (JANE, JOHN):
        desk.hear(event(ASSIGNED, person))
        desk.turn_to(State.SENT)
    assert verdicts(event(ASSIGNED, JANE), desk) == [PENDING]


def test_an_unassigned_ticket_withdraws_and_the_same_person_is_told_anew() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JANE))
    made = desk.hear(event("ticket.unassigned", JANE))
    assert [one.reason for one in made.withdraw] == [Reason.REASSIGNED]
    assert verdicts(event(ASSIGNED, JANE), desk) == [PENDING]


def test_a_ticket_that_is_assigned_after_it_was_resolved_speaks() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JANE, version=1))
    made = desk.hear(event("ticket.resolved", JANE, version=2))
    assert [one.reason for one in made.withdraw] == [Reason.TICKET_CLOSED]
    assert verdicts(event(ASSIGNED, JANE, version=3), desk) == [PENDING]


@pytest.mark.parametrize("person", [JOHN, JANE])
def test_an_older_version_never_speaks_and_changes_nothing(person: Party) -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JANE, version=7))
    before = desk.ticket
    made = desk.hear(event(ASSIGNED, person, version=6), NOW + WINDOW + 1)
    assert {(new.state, new.reason) for new in made.add} == {SUPERSEDED}
    assert made.ticket == before
    assert made.withdraw == ()


def test_an_older_notice_of_the_same_save_is_merged() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JANE, version=2))
    assert verdicts(event(CREATED, JANE, version=1), desk) == [MERGED]


def test_an_older_notice_for_somebody_else_is_superseded_within_the_window_too() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JOHN, version=2))
    assert verdicts(event(CREATED, JANE, version=1), desk) == [SUPERSEDED]


def test_an_assignment_that_an_update_overtook_is_still_told() -> None:
    desk = Desk()
    desk.hear(event("ticket.updated", JOHN, version=3))
    assert verdicts(event(ASSIGNED, JOHN, version=2), desk) == [PENDING, PENDING]
    assert verdicts(event(CREATED, JOHN, version=1), desk, NOW + WINDOW + 1) == [SUPERSEDED] * 2


def test_a_late_assignment_to_somebody_else_does_not_silence_the_holder() -> None:
    desk = Desk()
    desk.hear(event("ticket.updated", JANE, version=4))
    assert verdicts(event(ASSIGNED, replace(JOHN, phone=None), version=2), desk) == [SUPERSEDED]
    assert verdicts(event(ASSIGNED, JANE, version=3), desk) == [PENDING]


def test_an_assignment_that_the_end_overtook_is_superseded() -> None:
    desk = Desk()
    desk.hear(event("ticket.updated", JOHN, version=2))
    desk.hear(event("ticket.resolved", None, version=3))
    assert verdicts(event(ASSIGNED, JOHN, version=1), desk) == [SUPERSEDED] * 2


def test_an_older_end_withdraws_nothing() -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JANE, version=3))
    made = desk.hear(event("ticket.resolved", None, version=2))
    assert (made.withdraw, made.note) == ((), NOBODY)
    assert made.ticket.closed is False


@pytest.mark.parametrize("kind", [CREATED, "ticket.updated", "ticket.reopened"])
def test_an_event_that_names_nobody_does_not_silence_one_that_it_overtook(kind: str) -> None:
    desk = Desk()
    desk.hear(event(ASSIGNED, JOHN, version=1))
    desk.hear(event(kind, None, version=3))
    assert verdicts(event(ASSIGNED, JANE, version=2), desk) == [PENDING]
    assert [state for _, state, _ in desk.states()] == [
        State.CANCELLED,
        State.CANCELLED,
        State.PENDING,
    ]


def test_an_end_silences_what_it_overtook() -> None:
    desk = Desk()
    desk.hear(event("ticket.closed", None, version=3))
    assert verdicts(event(ASSIGNED, JANE, version=2), desk) == [SUPERSEDED]


def test_the_first_event_of_a_ticket_is_never_older() -> None:
    assert verdicts(event(ASSIGNED, JANE, at=-5)) == [PENDING]
