"""The limiter: what is free, when the gate opens, what may be forgotten."""

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.dispatch import limits
from notifier.model.deliveries import Token
from notifier.model.rates import Window

MINUTE = Window(count=2, length=60_000)
HOUR = Window(count=3, length=3_600_000)
NOW = 10_000_000

windows_drawn = st.lists(
    st.builds(Window, count=st.integers(1, 4), length=st.integers(1, 50)), max_size=3
)
stamps_drawn = st.lists(st.integers(0, 100), max_size=8)


def test_without_windows_everything_is_free() -> None:
    assert limits.free((), [NOW] * 1000, 1000, NOW) == limits.UNLIMITED
    assert limits.gate((), [NOW] * 1000, 1000, NOW) is None


def test_a_stamp_counts_up_to_but_not_at_the_end_of_its_window() -> None:
    assert limits.free((MINUTE,), [NOW - 59_999], 0, NOW) == 1
    assert limits.free((MINUTE,), [NOW - 60_000], 0, NOW) == 2


def test_a_stamp_ahead_of_the_clock_counts() -> None:
    assert limits.free((MINUTE,), [NOW + 5], 0, NOW) == 1


def test_an_open_send_counts_fully() -> None:
    assert limits.free((MINUTE,), [NOW], 1, NOW) == 0


def test_free_is_never_negative() -> None:
    assert limits.free((MINUTE,), [NOW] * 5, 3, NOW) == 0


def test_all_windows_must_allow() -> None:
    stamps = [NOW - 70_000, NOW - 69_000, NOW - 68_000]
    assert limits.free((MINUTE, HOUR), stamps, 0, NOW) == 0
    assert limits.gate((MINUTE, HOUR), stamps, 0, NOW) == NOW - 70_000 + 3_600_000


def test_the_latest_of_several_gates_counts() -> None:
    stamps = [NOW - 59_000, NOW - 1000, NOW - 3_599_999]
    assert limits.gate((MINUTE, HOUR), stamps, 0, NOW) == NOW + 1000


def test_the_gate_opens_when_enough_stamps_have_left() -> None:
    stamps = [NOW - 100, NOW - 300, NOW - 200]
    assert limits.gate((MINUTE,), stamps, 0, NOW) == NOW - 200 + 60_000
    assert limits.gate((MINUTE,), stamps, 1, NOW) == NOW - 100 + 60_000


def test_there_is_no_gate_while_one_is_free() -> None:
    assert limits.gate((MINUTE,), [NOW], 0, NOW) is None


def test_there_is_no_gate_when_only_a_settle_frees_a_token() -> None:
    assert limits.gate((MINUTE,), [], 2, NOW) is None
    assert limits.gate((HOUR, MINUTE), [NOW], 2, NOW) is None


def test_buckets_are_counted_apart() -> None:
    stamps = ((1, Token.NORMAL), (2, Token.RESERVE), (3, Token.NORMAL))
    assert limits.stamped(stamps, Token.NORMAL) == [1, 3]
    assert limits.stamped(stamps, Token.RESERVE) == [2]


@given(windows_drawn, stamps_drawn, st.integers(0, 4), st.integers(0, 160))
@settings(max_examples=200, deadline=None)
def test_the_gate_is_the_first_instant_at_which_something_is_free(
    windows: list[Window], stamps: list[int], open_count: int, now: int
) -> None:
    gate = limits.gate(windows, stamps, open_count, now)
    first = next(
        (at for at in range(now, 400) if limits.free(windows, stamps, open_count, at)), None
    )
    assert gate == (None if first == now else first)
