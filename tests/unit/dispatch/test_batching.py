from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.dispatch.batching import LaneRules
from notifier.model.deliveries import Decision, DueBatch, LaneState, NewBatch, Token, Waiting
from notifier.model.rates import Limits, Window
from notifier.model.states import BatchState

NOW = 1_000_000
MINUTE = 60_000
LIMITS = Limits(normal=(Window(2, MINUTE),), reserve=(Window(1, MINUTE),))
RULES = LaneRules({"email": LIMITS}, rollup_max=4)
OPEN_LANE = LaneRules({"email": Limits()})

NORMAL, RESERVE = Token.NORMAL, Token.RESERVE


def lane(
    *, sent: Sequence[int] = (), reserved: Sequence[int] = (), flying: int = 0, gate: int | None = 0
) -> LaneState:
    stamps = [(at, NORMAL) for at in sent] + [(at, RESERVE) for at in reserved]
    return LaneState("email", tuple(stamps), {NORMAL: flying}, gate)


def one(
    number: int, *, ticket: int = 0, rank: int = 2, bundle: str = "", due: int = NOW
) -> Waiting:
    return Waiting(number, ticket or number, rank, bundle, due)


def decide(
    state: LaneState,
    *waiting: Waiting,
    due: Sequence[DueBatch] = (),
    places: int = 10,
    now: int = NOW,
) -> Decision:
    return RULES.decide(state, waiting, due, now, places)


def single(number: int, token: Token = NORMAL, merged: tuple[int, ...] = ()) -> NewBatch:
    return NewBatch((number,), token, merged)


def refused(number: int, rank: int = 2) -> DueBatch:
    return DueBatch(number, rank, BatchState.WAITING)


def test_an_idle_lane_stays_idle() -> None:
    assert decide(lane()) == Decision((), (), None, None)


def test_a_free_lane_sends_at_once() -> None:
    assert decide(lane(), one(1)) == Decision((), (single(1),), None, None)


def test_as_many_as_are_free_leave_one_by_one_best_then_oldest_first() -> None:
    decision = decide(lane(), one(1, rank=3), one(2, rank=1))
    assert decision.form == (single(2), single(1))
    assert decision.gate_at is None, "both tokens are in flight: only a settle tells"


def test_more_than_are_free_leave_as_one() -> None:
    decision = decide(lane(), one(1), one(2), one(3, rank=1))
    assert decision.form == (NewBatch((3, 1, 2), NORMAL),)
    assert decision.wake_at is None


def test_behind_a_shut_gate_everything_waits_for_it() -> None:
    decision = decide(lane(sent=[NOW - 1000, NOW]), one(1), one(2))
    gate = NOW - 1000 + MINUTE
    assert decision == Decision((), (), gate, gate)


def test_what_was_held_leaves_as_one_though_more_are_free() -> None:
    held = one(1, due=NOW - 500)
    assert decide(lane(gate=NOW), held, one(2)).form == (NewBatch((1, 2), NORMAL),)


def test_one_that_was_held_leaves_as_itself() -> None:
    assert decide(lane(gate=NOW), one(1, due=NOW - 500)).form == (single(1),)


@pytest.mark.parametrize("gate", [None, NOW])
def test_what_came_when_the_gate_had_opened_was_not_held(gate: int | None) -> None:
    assert decide(lane(gate=gate), one(1), one(2)).form == (single(1), single(2))


def test_the_gate_is_told_when_the_last_token_was_taken() -> None:
    decision = decide(lane(sent=[NOW - 10]), one(1))
    assert (decision.gate_at, decision.wake_at) == (NOW - 10 + MINUTE, None)


def test_when_all_are_in_flight_only_a_settle_tells() -> None:
    assert decide(lane(flying=2), one(1)) == Decision((), (), None, None)


def test_a_roll_up_is_cut_at_its_size_and_the_rest_goes_next() -> None:
    decision = decide(lane(), *(one(number, rank=3 - number % 2) for number in range(1, 7)))
    assert decision.form == (NewBatch((1, 3, 5, 2), NORMAL),)
    assert decision.wake_at == NOW
    rest = decide(lane(flying=1), one(4), one(6))
    assert rest.form == (NewBatch((4, 6), NORMAL),)


def test_a_cut_never_takes_the_newer_of_a_ticket_and_leaves_the_older() -> None:
    old = [one(number, ticket=9, rank=3) for number in (1, 2)]
    urgent = one(7, ticket=9, rank=1)
    others = [one(number, rank=2) for number in (3, 4, 5)]
    decision = decide(lane(gate=NOW + 1), *old, *others, urgent)
    assert decision.form == (NewBatch((1, 2, 7, 3), NORMAL),)


def test_of_one_ticket_the_oldest_goes_alone_and_the_others_wait_for_its_end() -> None:
    decision = decide(lane(), one(1, ticket=5), one(2, ticket=5, rank=1))
    assert decision == Decision((), (single(1),), None, None)


def test_of_one_ticket_all_go_in_one_roll_up() -> None:
    decision = decide(lane(sent=[NOW]), one(1, ticket=5), one(2, ticket=5))
    assert decision.form == (NewBatch((1, 2), NORMAL),)


def test_different_bundles_never_travel_together() -> None:
    digest = [one(number, bundle="digest", rank=3) for number in (1, 2, 3)]
    decision = decide(lane(), *digest, one(4))
    assert decision.form == (single(4), NewBatch((1, 2, 3), NORMAL))


def test_a_second_bundle_waits_when_the_first_took_the_last_token() -> None:
    gate = NOW + MINUTE
    decision = decide(lane(sent=[NOW]), one(1), one(2, bundle="digest"))
    assert decision == Decision((), (single(1),), gate, gate)


def test_a_ticket_goes_with_the_bundle_of_its_oldest_delivery() -> None:
    decision = decide(lane(), one(1, ticket=5, bundle="digest"), one(2, ticket=5, rank=1))
    assert decision == Decision((), (single(1),), None, None)


def test_a_critical_one_goes_alone_and_first() -> None:
    decision = decide(lane(), one(1), one(2), one(3, rank=0))
    assert decision.form == (single(3), NewBatch((1, 2), NORMAL))


def test_a_critical_one_goes_from_the_reserve_when_it_must() -> None:
    decision = decide(lane(sent=[NOW, NOW]), one(1), one(2, rank=0))
    assert decision == Decision((), (single(2, RESERVE),), NOW + MINUTE, NOW + MINUTE)


def test_a_critical_one_wakes_the_lane_when_the_reserve_is_free_again() -> None:
    sent, reserved = [NOW - 5, NOW - 5], [NOW - 9]
    decision = decide(lane(sent=sent, reserved=reserved), one(1), one(2, rank=0))
    assert decision == Decision((), (), NOW - 5 + MINUTE, NOW - 9 + MINUTE)


def test_critical_ones_beyond_normal_and_reserve_join_the_roll_up() -> None:
    critical = [one(number, rank=0) for number in (2, 3, 4)]
    decision = decide(lane(sent=[NOW]), one(1), *critical)
    assert decision.form == (single(2, RESERVE), NewBatch((3, 4, 1), NORMAL))
    assert decision.wake_at is None


def test_critical_ones_take_normal_tokens_before_the_reserve() -> None:
    decision = decide(lane(), *(one(number, rank=0) for number in (1, 2, 3)))
    assert decision.form == (single(1), single(2), single(3, RESERVE))


def test_a_critical_one_tells_the_older_ones_of_its_ticket_too() -> None:
    older = [one(3, ticket=5, rank=3), one(1, ticket=5)]
    elsewhere = [one(2, ticket=5, bundle="digest"), one(6, ticket=6)]
    newer = one(9, ticket=5, rank=0)
    decision = decide(lane(), *older, *elsewhere, one(7, ticket=5, rank=0), newer)
    assert decision.form == (single(7, merged=(1, 3)), single(6))
    assert decision.wake_at is None, "the rest of the ticket waits for its settle"


def test_what_is_to_be_tried_again_goes_before_what_is_new() -> None:
    decision = decide(lane(), one(9, rank=1), due=[refused(8), refused(7), refused(6, rank=1)])
    assert decision.again == ((6, NORMAL), (7, NORMAL))
    assert decision.form == ()


def test_a_critical_batch_is_tried_again_from_the_reserve() -> None:
    due = [refused(8), refused(7, rank=0)]
    decision = decide(lane(sent=[NOW, NOW]), due=due)
    assert decision.again == ((7, RESERVE),)
    assert decision.wake_at == NOW + MINUTE


def test_no_more_batches_than_places() -> None:
    critical = one(3, rank=0)
    due = [refused(8)]
    assert decide(lane(), one(1), critical, due=due, places=1).again == ((8, NORMAL),)
    assert decide(lane(), one(1), critical, places=1).form == (single(3),)
    assert decide(lane(), one(1), one(2), places=1).form == (single(1),)
    assert decide(lane(), one(1), one(2), one(3), critical, places=1).form == (single(3),)


@pytest.mark.parametrize("places", [0, -1])
def test_without_places_nothing_goes_and_the_lane_is_looked_at_again(places: int) -> None:
    waiting = (one(1), one(2, rank=0))
    decision = decide(lane(), *waiting, due=[refused(8)], places=places)
    assert decision == Decision((), (), None, NOW)


def test_without_limits_everything_leaves_one_by_one() -> None:
    waiting = [one(number) for number in range(1, 51)]
    decision = OPEN_LANE.decide(lane(sent=[NOW] * 9, flying=9), waiting, (), NOW, 100)
    assert decision.form == tuple(single(number) for number in range(1, 51))


def test_the_order_in_which_rows_were_read_does_not_matter() -> None:
    waiting = [one(1, rank=0), one(2), one(3, ticket=2), one(4, rank=1, bundle="digest")]
    due = [refused(8), refused(7)]
    forwards = decide(lane(), *waiting, due=due)
    assert decide(lane(), *reversed(waiting), due=due[::-1]) == forwards


@given(
    st.lists(st.integers(1, MINUTE - 1), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 10)), min_size=1, max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_what_is_held_leaves_as_one_at_the_first_instant_that_is_allowed(
    ages: list[int], held: list[tuple[int, int]]
) -> None:
    sent = [NOW - age for age in ages]
    waiting = [one(number, rank=rank, due=NOW - ago) for number, (rank, ago) in enumerate(held, 1)]
    shut = decide(lane(sent=sent), *waiting)
    assert shut.form == ()
    assert shut.wake_at == shut.gate_at
    assert shut.gate_at is not None
    before = decide(lane(sent=sent, gate=shut.gate_at), *waiting, now=shut.gate_at - 1)
    assert before.form == ()
    after = decide(lane(sent=sent, gate=shut.gate_at), *waiting, now=shut.gate_at)
    assert [set(batch.members) for batch in after.form] == [{w.delivery_id for w in waiting}]


INSTANTS = st.lists(st.integers(NOW - 2 * MINUTE, NOW), max_size=3)


@given(INSTANTS, INSTANTS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))
@settings(deadline=None)
def test_one_alone_is_decided_as_it_is_where_a_gate_opened_long_ago(
    sent: list[int], reserved: list[int], flying: int, rank: int, places: int
) -> None:
    """The usual case has a way of its own, and that must end where the long way does."""
    short, long = (
        decide(
            lane(sent=sent, reserved=reserved, flying=flying, gate=gate),
            one(1, rank=rank),
            places=places,
        )
        for gate in (None, 0)
    )
    assert short == long
