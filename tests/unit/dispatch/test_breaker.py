import pytest

from notifier.dispatch.breaker import Breaker
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Evidence,
    HandedBack,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.messages import Receipt
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE, SECOND

NOW = 1_000_000
DOWN = ChannelDown(Reason.RETRIES_EXHAUSTED, Evidence("connect"))
SIGN_IN_REFUSED = ChannelDown(Reason.REJECTED, Evidence("auth", 535), hold=15 * MINUTE)
RCPT = Evidence("rcpt", 550)


def opened() -> Breaker:
    breaker = Breaker()
    assert [breaker.learn(DOWN, NOW) for _ in range(5)] == [False] * 4 + [True]
    return breaker


def test_it_starts_closed() -> None:
    breaker = Breaker()
    assert (breaker.is_open, breaker.down_since) == (False, None)


def test_five_failures_of_the_provider_in_a_row_open_it() -> None:
    breaker = opened()
    assert (breaker.is_open, breaker.down_since) == (True, NOW)
    assert breaker.probe_at == NOW + 30 * SECOND


@pytest.mark.parametrize(
    "word",
    [
        Receipt("queued-1"),
        Transient(Reason.RETRIES_EXHAUSTED, Evidence("rcpt", 451)),
        Permanent(Reason.REJECTED, Evidence("dot", 554)),
        Unreachable(Reason.BAD_MAILBOX, RCPT),
    ],
)
def test_a_word_of_the_provider_starts_the_count_again(word: Receipt | DeliveryError) -> None:
    breaker = Breaker()
    results = [DOWN] * 4 + [word] + [DOWN] * 4
    assert not any(breaker.learn(result, NOW) for result in results)
    assert breaker.learn(DOWN, NOW)


@pytest.mark.parametrize(
    "silence",
    [
        Unknown(Reason.OUTCOME_UNKNOWN, Evidence("dot")),
        HandedBack(Reason.EXPIRED, Evidence("body")),
        Permanent(Reason.TEMPLATE_ERROR, Evidence("render")),
    ],
)
def test_what_says_nothing_of_the_provider_neither_counts_nor_clears(
    silence: DeliveryError,
) -> None:
    breaker = Breaker()
    results = [DOWN] * 4 + [silence] * 9
    assert not any(breaker.learn(result, NOW) for result in results)
    assert breaker.learn(DOWN, NOW)


def test_bad_mailboxes_never_open_it() -> None:
    breaker = Breaker()
    bad = Unreachable(Reason.BAD_MAILBOX, RCPT)
    assert not any(breaker.learn(bad, NOW) for _ in range(20))
    assert not breaker.is_open


def test_a_refused_sign_in_opens_it_at_once_for_as_long_as_it_says() -> None:
    breaker = Breaker()
    assert breaker.learn(SIGN_IN_REFUSED, NOW)
    assert breaker.probe_at == NOW + 15 * MINUTE


def test_probes_come_after_thirty_seconds_and_then_twice_as_late_up_to_fifteen_minutes() -> None:
    breaker = opened()
    waits = [breaker.probe_at - NOW]
    for _ in range(7):
        before = breaker.probe_at
        breaker.probe_failed(None, before)
        waits.append(breaker.probe_at - before)
    assert [wait // SECOND for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_probe_whose_sign_in_is_refused_waits_as_long_as_that_says() -> None:
    breaker = opened()
    breaker.probe_failed(15 * MINUTE, NOW + 30 * SECOND)
    assert breaker.probe_at == NOW + 30 * SECOND + 15 * MINUTE


def test_sends_that_end_while_it_is_open_change_nothing() -> None:
    breaker = opened()
    assert not breaker.learn(DOWN, NOW + SECOND)
    assert not breaker.learn(Receipt("queued-1"), NOW + SECOND)
    assert (breaker.down_since, breaker.probe_at) == (NOW, NOW + 30 * SECOND)


def test_a_sign_in_refused_while_it_is_open_puts_the_probe_off() -> None:
    breaker = opened()
    assert not breaker.learn(SIGN_IN_REFUSED, NOW + SECOND)
    assert breaker.probe_at == NOW + SECOND + 15 * MINUTE


def test_a_probe_that_succeeds_closes_it_and_forgets() -> None:
    breaker = opened()
    breaker.probe_failed(None, NOW + 30 * SECOND)
    breaker.probe_succeeded()
    assert not breaker.is_open
    later = NOW + 10 * MINUTE
    assert [breaker.learn(DOWN, later) for _ in range(5)] == [False] * 4 + [True]
    assert (breaker.down_since, breaker.probe_at) == (later, later + 30 * SECOND)
