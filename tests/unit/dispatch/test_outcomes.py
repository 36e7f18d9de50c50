from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.dispatch import outcomes
from notifier.dispatch.outcomes import Try
from notifier.model.deliveries import Outcome, OutcomeKind
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
from notifier.model.messages import Email, Medium, Receipt, Sms
from notifier.model.reasons import Reason
from notifier.model.times import HOUR, MINUTE, SECOND, Millis
from tests.unit.dispatch.doubles import START, TTL, batch

MAIL = Email("subject", "text", "<p>text</p>", b"exact bytes")
TEXT = Sms("[HIGH] Ticket #123", "GSM-7", 1)
NO = Evidence("rcpt", 451)
REFUSED = Transient(Reason.RETRIES_EXHAUSTED, NO)
LOST = Unknown(Reason.OUTCOME_UNKNOWN, Evidence("dot"))


def mail(attempts: int = 0, jitter: float = 1.0, *, was_unknown: bool = False) -> Try:
    tried = replace(batch(), attempts=attempts, was_unknown=was_unknown)
    return Try(tried, Medium.EMAIL, False, MAIL, START, jitter)


def text(attempts: int = 0, jitter: float = 1.0) -> Try:
    tried = replace(batch(channel="sms"), attempts=attempts)
    return Try(tried, Medium.SMS, True, TEXT, START, jitter)


def test_a_receipt_means_sent() -> None:
    assert outcomes.outcome_of(Receipt("queued-1"), mail()) == Outcome(OutcomeKind.SENT)


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [
        (0, 15 * SECOND),
        (1, MINUTE),
        (2, 5 * MINUTE),
        (3, 15 * MINUTE),
        (4, 30 * MINUTE),
        (5, HOUR),
        (6, HOUR),
        (99, HOUR),
    ],
)
def test_a_refused_mail_waits_longer_each_time_then_hourly(attempts: int, wait: Millis) -> None:
    outcome = outcomes.outcome_of(REFUSED, mail(attempts))
    assert outcome == Outcome(OutcomeKind.REFUSED, Reason.RETRIES_EXHAUSTED, START + wait)


@pytest.mark.parametrize(
    ("attempts", "wait"), [(0, 5 * SECOND), (1, 30 * SECOND), (2, 2 * MINUTE), (3, 10 * MINUTE)]
)
def test_a_refused_text_message_is_tried_four_times_more(attempts: int, wait: Millis) -> None:
    outcome = outcomes.outcome_of(REFUSED, text(attempts))
    assert outcome == Outcome(OutcomeKind.REFUSED, Reason.RETRIES_EXHAUSTED, START + wait)


def test_a_text_message_refused_too_often_fails() -> None:
    outcome = outcomes.outcome_of(REFUSED, text(4))
    assert outcome == Outcome(OutcomeKind.FAILED, Reason.RETRIES_EXHAUSTED)


def test_what_the_provider_asks_for_is_the_least_wait() -> None:
    asked = Transient(Reason.RETRIES_EXHAUSTED, NO, retry_after=90 * SECOND)
    assert outcomes.outcome_of(asked, mail(0)).next_at == START + 90 * SECOND
    assert outcomes.outcome_of(asked, mail(2)).next_at == START + 5 * MINUTE


def test_a_wait_past_the_deadline_still_waits_for_the_sweep_to_end_it() -> None:
    asked = Transient(Reason.RETRIES_EXHAUSTED, NO, retry_after=2 * TTL)
    outcome = outcomes.outcome_of(asked, mail())
    assert (outcome.kind, outcome.next_at) == (OutcomeKind.REFUSED, START + 2 * TTL)


@settings(deadline=None)
@given(
    attempts=st.integers(0, 3),
    jitter=st.floats(0, 1),
    least=st.none() | st.integers(0, HOUR),
    sms=st.booleans(),
)
def test_full_jitter_lies_between_nothing_and_the_scheduled_wait(
    attempts: int, jitter: float, least: int | None, sms: bool
) -> None:
    make = text if sms else mail
    longest = outcomes.outcome_of(REFUSED, make(attempts)).next_at
    asked = Transient(Reason.RETRIES_EXHAUSTED, NO, least)
    next_at = outcomes.outcome_of(asked, make(attempts, jitter)).next_at
    assert next_at is not None
    assert longest is not None
    assert START < next_at <= max(longest, START + (least or 0))
    assert next_at >= START + (least or 0)


def test_jitter_spreads_the_waits_evenly() -> None:
    waits = [outcomes.outcome_of(REFUSED, mail(1, tenth / 10)).next_at for tenth in range(11)]
    assert waits == [START + 1] + [START + 6 * SECOND * tenth for tenth in range(1, 11)]


@pytest.mark.parametrize("reason", [Reason.REJECTED, Reason.TOO_LARGE, Reason.TEMPLATE_ERROR])
def test_a_refusal_for_good_fails_with_its_reason(reason: Reason) -> None:
    outcome = outcomes.outcome_of(Permanent(reason, NO), mail())
    assert outcome == Outcome(OutcomeKind.FAILED, reason)


def test_an_unreachable_mailbox_counts_against_the_address() -> None:
    outcome = outcomes.outcome_of(Unreachable(Reason.BAD_MAILBOX, NO), mail())
    assert outcome == Outcome(OutcomeKind.FAILED, Reason.BAD_MAILBOX, counts_against_address=True)


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, SECOND), (0.5, 8 * SECOND), (1.0, 15 * SECOND)])
def test_a_channel_that_is_down_hands_back_after_a_breath(jitter: float, wait: Millis) -> None:
    down = ChannelDown(Reason.RETRIES_EXHAUSTED, Evidence("connect"))
    outcome = outcomes.outcome_of(down, mail(7, jitter))
    assert outcome == Outcome(OutcomeKind.HANDED_BACK, Reason.RETRIES_EXHAUSTED, START + wait)


def test_what_is_handed_back_is_free_at_once() -> None:
    outcome = outcomes.outcome_of(HandedBack(Reason.EXPIRED, NO), mail(4))
    assert outcome == Outcome(OutcomeKind.HANDED_BACK, next_at=START)


def test_what_is_past_its_deadline_is_not_leased_again_at_once() -> None:
    late = batch(ttl=0)
    assert outcomes.handed_back(late, START).next_at == START + 15 * SECOND
    assert outcomes.handed_back(late, START - 1).next_at == START - 1


def test_a_mail_without_a_reply_is_sent_once_more_with_the_same_bytes() -> None:
    outcome = outcomes.outcome_of(LOST, mail())
    assert outcome == Outcome(
        OutcomeKind.UNKNOWN, Reason.OUTCOME_UNKNOWN, START + MINUTE, b"exact bytes"
    )


def test_a_mail_twice_without_a_reply_fails() -> None:
    outcome = outcomes.outcome_of(LOST, mail(was_unknown=True))
    assert outcome == Outcome(OutcomeKind.FAILED, Reason.OUTCOME_UNKNOWN)


def test_a_text_message_without_a_reply_is_never_sent_again() -> None:
    assert outcomes.outcome_of(LOST, text()) == Outcome(OutcomeKind.UNKNOWN, Reason.OUTCOME_UNKNOWN)


def test_only_a_mail_has_bytes_to_keep() -> None:
    harmless = replace(text(), careful=False)
    assert outcomes.outcome_of(LOST, harmless) == Outcome(
        OutcomeKind.UNKNOWN, Reason.OUTCOME_UNKNOWN, START + MINUTE
    )


def test_an_error_of_no_kind_is_tried_again() -> None:
    outcome = outcomes.outcome_of(DeliveryError(Reason.REJECTED, NO), mail())
    assert outcome == Outcome(OutcomeKind.REFUSED, Reason.REJECTED, START + 15 * SECOND)
