"""Whole histories of a ticket, drawn at random: what every plan of them keeps to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.events import Event, Party, same_party, version_order
from notifier.model.states import SPEAKING, State
from notifier.planning.plan import plan
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

PEOPLE = (JOHN, JANE, Party(id="3", name="John Smith", email="smith@example.com"))
KINDS = (
    ASSIGNED,
    CREATED,
    "ticket.updated",
    "ticket.unassigned",
    "ticket.resolved",
    "ticket.reopened",
)
people = st.none() | st.sampled_from(PEOPLE)
drafts = st.tuples(st.sampled_from(KINDS), people, people | st.just(ADMINISTRATOR))


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of one ticket, oldest first, either by version or by time."""
    versioned = draw(st.booleans())
    heard = []
    for number, (kind, assignee, actor) in enumerate(draw(st.lists(drafts, max_size=6)), 1):
        version = number if versioned else None
        at = NOW if versioned else NOW + number
        heard.append(event(kind, assignee, version=version, at=at, actor=actor))
    return heard


def holder_after(history: list[Event]) -> Party | None:
    holder = None
    for heard in history:
        if heard.type == "ticket.unassigned" or (heard.type == ASSIGNED and not heard.assignee):
            holder = None
        elif heard.assignee:
            holder = heard.assignee
    return holder


@given(st.data(), histories(), histories(), st.lists(st.integers(0, 40_000), max_size=12))
@settings(max_examples=200, deadline=None)
def test_in_any_order_only_the_newest_assignee_has_pending_notices(
    data: st.DataObject, one: list[Event], other: list[Event], pauses: list[int]
) -> None:
    numbered = [(0, heard) for heard in one] + [(1, heard) for heard in other]
    desks = (Desk(), Desk())
    now = NOW
    for step, (ticket, heard) in enumerate(data.draw(st.permutations(numbered))):
        now += pauses[step % len(pauses)] if pauses else 0
        desks[ticket].hear(heard, now)
    for desk, history in zip(desks, (one, other), strict=True):
        rows = desk.rows.values()
        pending = [row for row in rows if row.told.state == State.PENDING]
        holder = holder_after(history)
        assert all(same_party(row.new.person, holder) for row in pending)
        if history and history[-1].type == "ticket.resolved":
            assert pending == []
        if history and history[-1].type in (ASSIGNED, CREATED) and history[-1].assignee:
            own = same_party(history[-1].actor, history[-1].assignee)
            channels = {row.new.channel for row in pending}
            assert own or channels == {"email"} | ({"sms"} if holder == JOHN else set())


@given(
    st.lists(
        st.tuples(
            drafts,
            st.none() | st.integers(1, 3),
            st.integers(0, 2 * WINDOW),
            st.sampled_from([None, State.SENDING, State.UNKNOWN, State.SENT, State.FAILED]),
        ),
        max_size=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_a_person_hears_of_one_save_once_per_channel_and_never_of_their_own(
    steps: list[tuple[tuple[str, Party | None, Party | None], int | None, int, State | None]],
) -> None:
    desk, now = Desk(), NOW
    for (kind, assignee, actor), version, pause, state in steps:
        now += pause
        heard = event(kind, assignee, version=version, at=now, actor=actor)
        made = plan(heard, desk.memory(), POLICY, now)
        assert made == plan(heard, desk.memory(), POLICY, now), "a plan is deterministic"
        for new in made.add:
            assert new.state not in SPEAKING or not same_party(actor, new.person)
        desk.hear(heard, now)
        if state is not None:
            desk.turn_to(state)
        assert_one_save_speaks_once(desk)


def assert_one_save_speaks_once(desk: Desk) -> None:
    rows = [row for row in desk.rows.values() if row.told.state in SPEAKING]
    speaking = [row for row in rows if not row.told.withdrawn]
    for number, one in enumerate(speaking):
        for other in speaking[:number]:
            if (one.told.channel, one.told.turn) != (other.told.channel, other.told.turn):
                continue
            if not same_party(one.new.person, other.new.person):
                continue
            same_version = version_order(one.event.ticket.version) is not None and (
                one.told.save == other.told.save
            )
            assert not same_version
            assert one.told.created_at - other.told.created_at > WINDOW
