import asyncio
import hashlib
import itertools
import logging
from collections.abc import Callable

import pytest

from notifier.model.deliveries import Attempt, Batch, OutcomeKind, Settled
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Permanent,
    StoreFailed,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.messages import Email, Medium, Message, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import HOUR, MINUTE, SECOND
from tests.scripted_channel import accept, hang, refuse
from tests.unit.dispatch.doubles import START, TTL, Scene, batch, render, said

SENT, REFUSED, FAILED = OutcomeKind.SENT, OutcomeKind.REFUSED, OutcomeKind.FAILED
HANDED_BACK, UNKNOWN = OutcomeKind.HANDED_BACK, OutcomeKind.UNKNOWN

NOT_NOW = Transient(
    Reason.RETRIES_EXHAUSTED, said("rcpt", 451, "4.7.1 <john@example.com> greylisted")
)
NO_MAILBOX = Unreachable(Reason.BAD_MAILBOX, said("rcpt", 550))
DOWN = ChannelDown(Reason.RETRIES_EXHAUSTED, said("connect", reply="connection refused"))
SIGN_IN_REFUSED = ChannelDown(Reason.REJECTED, said("auth", 535), hold=15 * MINUTE)
NO_REPLY = Unknown(Reason.OUTCOME_UNKNOWN, said("dot"))
NO_ANSWER = Unknown(Reason.OUTCOME_UNKNOWN, said("response"))


def attempt(settled: Settled) -> Attempt:
    assert settled.attempt is not None
    return settled.attempt


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# -- one flight ----------------------------------------------------------------------------------


async def test_what_is_due_leaves_at_once_and_is_settled_with_its_evidence() -> None:
    async with Scene() as scene:
        scene.email.script(accept(before=200, takes=300))
        await scene.offer(batch())
        await scene.advance(SECOND)
    (sent,) = scene.email.log
    assert (sent.at, sent.to, sent.nonce) == (START + 200, "john@example.com", "nonce-1")
    settled = scene.store.last(1)
    assert (settled.batch_id, settled.fence, settled.outcome.kind) == (1, 1, SENT)
    assert settled.attempt == Attempt(
        started_at=START,
        ended_at=START + 500,
        phase="dot",
        nonce="nonce-1",
        receipt=Receipt("email-1", 250, "2.0.0", "Ok", "127.0.0.1:25"),
        digest=sha256("Subject: #1\r\n\r\n"),
    )


async def test_an_attempt_by_text_message_is_committed_before_its_first_byte() -> None:
    async with Scene() as scene:
        await scene.offer(batch(channel="sms", ttl=HOUR))
    assert scene.store.started == [(1, "nonce-1")]
    (sent,) = scene.sms.log
    assert (sent.nonce, sent.valid_for) == ("nonce-1", 3600)
    made = attempt(scene.store.last(1))
    assert (made.phase, made.digest) == ("response", sha256("[HIGH] Ticket #1"))


async def test_a_mail_is_not_announced() -> None:
    async with Scene() as scene:
        await scene.offer(batch())
    assert scene.store.started == []


async def test_what_has_less_than_a_second_left_is_valid_for_one() -> None:
    async with Scene() as scene:
        await scene.offer(batch(ttl=400))
    assert scene.email.log[0].valid_for == 1


async def test_without_a_committed_start_nothing_is_sent() -> None:
    async with Scene() as scene:
        scene.store.hand_over(batch(channel="sms"))
        scene.store.fail("start", StoreFailed("the disk is full"))
        await scene.rest()
        assert scene.store.kinds(1)[0] is HANDED_BACK
        assert scene.store.ended[0][1].attempt is None
        assert len(scene.sms.log) == 1, "once the disk has room it goes"


async def test_a_lease_that_is_lost_before_the_start_is_dropped() -> None:
    async with Scene() as scene:
        scene.store.lost_at_start.add(1)
        await scene.offer(batch(channel="sms"))
    assert scene.sms.tried == []
    assert scene.store.counts() == {HANDED_BACK: 1}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NOT_NOW, REFUSED),
        (Permanent(Reason.REJECTED, said("dot", 554)), FAILED),
        (NO_MAILBOX, FAILED),
        (DOWN, HANDED_BACK),
        (NO_REPLY, UNKNOWN),
    ],
)
async def test_every_refusal_is_settled_with_what_the_provider_said(
    error: DeliveryError, kind: OutcomeKind
) -> None:
    async with Scene() as scene:
        scene.email.script(refuse(error))
        await scene.offer(batch())
    (settled,) = [one for _, one in scene.store.ended]
    assert settled.outcome.kind is kind
    assert settled.outcome.reason is error.reason
    evidence, made = error.evidence, attempt(settled)
    assert (made.phase, made.receipt) == (
        evidence.phase,
        Receipt(None, evidence.code, None, evidence.reply, evidence.remote),
    )
    left = evidence.phase == "dot"
    assert made.digest == (sha256("Subject: #1\r\n\r\n") if left else None)


async def test_a_refused_mail_is_tried_again_when_its_wait_is_over() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(NOT_NOW), refuse(NOT_NOW), accept())
        await scene.offer(batch())
        await scene.advance(10 * MINUTE)
    assert [tried.at - START for tried in scene.email.tried] == [0, 15_000, 75_000]
    assert scene.store.kinds(1) == [REFUSED, REFUSED, SENT]


async def test_the_chance_that_is_given_spreads_the_waits() -> None:
    async with Scene(jitter=0.2) as scene:
        scene.email.script(refuse(NOT_NOW), accept())
        await scene.offer(batch())
        await scene.advance(MINUTE)
    assert scene.email.log[0].at == START + 3 * SECOND


async def test_a_mail_without_a_reply_is_sent_again_once_with_the_same_bytes() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(NO_REPLY), refuse(NO_REPLY))
        await scene.offer(batch())
        scene.render = _with_new_templates
        await scene.advance(HOUR)
    assert [sent.at - START for sent in scene.email.log] == [0, 60_000]
    assert scene.store.kinds(1) == [UNKNOWN, FAILED]
    assert scene.store.last(1).outcome.reason is Reason.OUTCOME_UNKNOWN
    digests = {attempt(settled).digest for _, settled in scene.store.ended}
    assert digests == {sha256("Subject: #1\r\n\r\n")}


def _with_new_templates(made_from: Batch, medium: Medium) -> Message:
    return Email("new", "new", "new", made_from.stored or b"new")


async def test_a_text_message_without_an_answer_is_never_sent_again() -> None:
    async with Scene() as scene:
        scene.sms.script(refuse(NO_ANSWER))
        await scene.offer(batch(channel="sms"))
        await scene.advance(30 * MINUTE)
    assert len(scene.sms.tried) == 1
    assert scene.store.kinds(1) == [UNKNOWN]


# -- what must not leave -------------------------------------------------------------------------


async def test_what_is_withdrawn_while_it_waits_for_a_place_goes_back() -> None:
    async with Scene(email_places=1) as scene:
        slow = hang()
        scene.email.script(slow)
        await scene.offer(batch(1), batch(2))
        scene.store.hand_over(withdrawn=[2])
        slow.release.set()
        await scene.rest()
        assert scene.store.kinds(1) == [SENT]
        assert scene.store.kinds(2)[0] is HANDED_BACK
        assert scene.store.ended[1][1].attempt is None


async def test_what_is_withdrawn_before_the_last_byte_does_not_leave() -> None:
    async with Scene() as scene:
        slow = hang("byte")
        scene.email.script(slow)
        await scene.offer(batch())
        scene.store.hand_over(withdrawn=[1])
        slow.release.set()
        await scene.rest()
        (_, settled) = scene.store.ended[0]
        assert (settled.outcome.kind, settled.attempt) == (HANDED_BACK, None)


async def test_what_is_withdrawn_after_the_last_byte_was_sent() -> None:
    async with Scene() as scene:
        slow = hang("reply")
        scene.email.script(slow)
        await scene.offer(batch())
        scene.store.hand_over(withdrawn=[1, 99])
        slow.release.set()
        await scene.rest()
        assert scene.store.kinds(1) == [SENT]


@pytest.mark.parametrize("trouble", ["deadline", "lease"])
async def test_a_deadline_or_a_lost_lease_stops_the_last_byte(trouble: str) -> None:
    async with Scene() as scene:
        slow = hang("byte")
        scene.email.script(slow)
        await scene.offer(batch(ttl=MINUTE))
        if trouble == "lease":
            scene.store.lost.add(1)
        else:
            await scene.advance(MINUTE)
        slow.release.set()
        await scene.rest()
        assert scene.email.log == []
        assert scene.store.kinds(1) == [HANDED_BACK]


async def test_what_expires_behind_a_hung_provider_goes_back_with_the_next_sweep() -> None:
    async with Scene(email_places=1) as scene:
        scene.email.script(hang())
        await scene.offer(batch(1), batch(2, ttl=15 * SECOND), batch(3))
        await scene.advance(20 * SECOND)
        assert scene.store.kinds(2) == [HANDED_BACK]
        assert scene.store.ended[0][0] == START + 20 * SECOND
        assert scene.store.kinds(3) == []


# -- faults of our own ---------------------------------------------------------------------------


def _refuse_to_render(made_from: Batch, medium: Medium) -> Message:
    raise Permanent(Reason.TEMPLATE_ERROR, said("render", reply="no such field"))


def _stumble(made_from: Batch, medium: Medium) -> Message:
    raise KeyError(made_from.address)


@pytest.mark.parametrize("broken", [_refuse_to_render, _stumble])
async def test_a_message_that_cannot_be_made_fails(
    broken: Callable[[Batch, Medium], Message], caplog: pytest.LogCaptureFixture
) -> None:
    async with Scene() as scene:
        scene.render = broken
        await scene.offer(batch(1))
        scene.render = render
        await scene.offer(batch(2))
    failed = scene.store.last(1)
    assert (failed.outcome.kind, failed.outcome.reason) == (FAILED, Reason.TEMPLATE_ERROR)
    assert (attempt(failed).phase, attempt(failed).digest) == ("render", None)
    assert scene.store.kinds(2) == [SENT]
    assert "john@example.com" not in caplog.text


async def test_an_unforeseen_error_before_the_last_byte_is_tried_again() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(ZeroDivisionError("x")), accept())
        await scene.offer(batch())
        await scene.advance(MINUTE)
    assert scene.store.kinds(1) == [REFUSED, SENT]
    first = attempt(scene.store.ended[0][1])
    assert (first.phase, first.receipt.reply) == ("connect", "ZeroDivisionError")


async def test_an_unforeseen_error_after_the_last_byte_is_an_unknown_outcome() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(ZeroDivisionError("x"), late=True))
        await scene.offer(batch())
    assert scene.store.kinds(1) == [UNKNOWN]


async def test_an_unforeseen_error_after_a_committed_start_is_an_unknown_outcome() -> None:
    async with Scene() as scene:
        scene.sms.script(refuse(ZeroDivisionError("x")))
        await scene.offer(batch(channel="sms"))
        await scene.advance(10 * MINUTE)
    assert scene.store.kinds(1) == [UNKNOWN]


async def test_unforeseen_errors_never_open_the_breaker() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(ZeroDivisionError("x"))
        await scene.offer(*(batch(number) for number in range(1, 21)))
        assert len(scene.email.tried) == 20
        assert scene.dispatcher.down() == ()


# -- places --------------------------------------------------------------------------------------


async def test_a_critical_batch_overtakes_those_that_wait() -> None:
    async with Scene(email_places=1) as scene:
        slow = hang()
        scene.email.script(slow)
        await scene.offer(batch(1), batch(2))
        await scene.offer(batch(3, to="jane@example.com", rank=0))
        slow.release.set()
        await scene.rest()
    assert [sent.to for sent in scene.email.log][1:] == ["jane@example.com", "john@example.com"]


async def test_one_place_is_kept_for_critical_batches() -> None:
    async with Scene(email_places=3) as scene:
        scene.email.usual = hang()
        await scene.offer(*(batch(number) for number in range(1, 10)))
        assert scene.email.running == 2
        scene.email.script(accept(), to="jane@example.com")
        await scene.offer(batch(10, to="jane@example.com", rank=0))
        assert scene.store.kinds(10) == [SENT]


async def test_critical_batches_use_the_other_places_too() -> None:
    async with Scene(email_places=3) as scene:
        scene.email.usual = hang()
        await scene.offer(*(batch(number, rank=0) for number in range(1, 10)))
        assert scene.email.running == 3


async def test_a_slow_reply_delays_only_its_own_place() -> None:
    async with Scene(email_places=3) as scene:
        scene.email.script(accept(takes=45 * SECOND))
        scene.email.usual = accept(takes=100)
        await scene.offer(*(batch(number) for number in range(1, 22)))
        await scene.advance(MINUTE)
    instants = [at - START for at, _ in scene.store.ended]
    assert instants == [100 * number for number in range(1, 21)] + [45_000]


async def test_a_hung_mail_server_with_ten_thousand_mails_waiting_does_not_delay_an_sms() -> None:
    async with Scene() as scene:
        scene.email.usual = hang()
        await scene.offer(*(batch(number) for number in range(1, 10_001)))
        await scene.offer(batch(10_001, channel="sms"))
        await scene.advance(SECOND)
        assert scene.store.kinds(10_001) == [SENT]
        assert len(scene.store.held) <= 64


async def test_a_full_channel_is_not_asked_about_over_and_over() -> None:
    async with Scene(email_places=1) as scene:
        scene.email.usual = hang()
        await scene.offer(*(batch(number) for number in range(1, 100)))
        before = scene.store.claims
        await scene.advance(10 * SECOND)
        assert scene.store.claims - before <= 50


async def test_places_come_back_when_their_batches_are_settled() -> None:
    async with Scene(email_places=1) as scene:
        await scene.offer(*(batch(number) for number in range(1, 101)))
        assert scene.store.counts() == {SENT: 100}
        assert scene.credits.free("email", critical=False) == 16


# -- the breaker ---------------------------------------------------------------------------------


async def test_twenty_bad_mailboxes_in_a_row_leave_the_breaker_closed() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(NO_MAILBOX)
        await scene.offer(*(batch(number) for number in range(1, 21)))
        assert scene.store.counts() == {FAILED: 20}
        assert all(one.outcome.counts_against_address for _, one in scene.store.ended)
        assert scene.dispatcher.down() == ()
        scene.email.usual = accept()
        await scene.offer(batch(21))
        assert scene.store.kinds(21) == [SENT]


async def test_a_provider_that_fails_five_times_is_left_alone_and_nothing_counts() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(DOWN)
        scene.email.probes.extend([DOWN] * 7)
        await scene.offer(*(batch(number) for number in range(1, 41)))
        tried = len(scene.email.tried)
        assert 5 <= tried < 5 + scene.email.about.places
        await scene.advance(20 * MINUTE)
        assert len(scene.email.tried) == tried
        assert scene.store.counts() == {HANDED_BACK: 40}
        with_evidence = [one for _, one in scene.store.ended if one.attempt is not None]
        assert len(with_evidence) == tried
        assert scene.store.held == {}


async def test_probes_ask_ever_more_rarely_and_one_that_succeeds_lets_everything_go() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(DOWN)
        scene.email.probes.extend([DOWN] * 6 + [ZeroDivisionError()])
        await scene.offer(*(batch(number) for number in range(1, 11)))
        assert scene.dispatcher.down() == (
            "Email is down since 2026-11-23T09:00:00.000Z; "
            "it is asked again at 2026-11-23T09:00:30.000Z.",
        )
        scene.email.usual = accept()
        await scene.advance(2 * HOUR)
        probed = [START, *scene.email.probed]
        waits = [after - before for before, after in itertools.pairwise(probed)]
        assert [wait // SECOND for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]
        assert scene.dispatcher.down() == ()
        assert len(scene.email.log) == 10
        assert {sent.at for sent in scene.email.log} == {scene.email.probed[-1]}


async def test_while_one_channel_is_down_the_other_goes_on() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(DOWN)
        await scene.offer(*(batch(number) for number in range(1, 11)))
        await scene.offer(batch(11, channel="sms"))
        assert scene.store.kinds(11) == [SENT]
        assert len(scene.dispatcher.down()) == 1


async def test_what_is_handed_over_to_a_channel_that_is_down_goes_back_at_once() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        await scene.offer(batch(1))
        scene.store.hand_over(batch(2))
        await scene.rest()
        settled = scene.store.last(2)
        assert (settled.outcome.kind, settled.attempt) == (HANDED_BACK, None)


async def test_a_refused_sign_in_stops_the_channel_for_fifteen_minutes() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        scene.email.probes.append(SIGN_IN_REFUSED)
        await scene.offer(batch())
        await scene.advance(31 * MINUTE)
        assert [at - START for at in scene.email.probed] == [15 * MINUTE, 30 * MINUTE]
        assert [sent.at - START for sent in scene.email.log] == [30 * MINUTE]


async def test_a_sign_in_refused_meanwhile_puts_the_probe_off() -> None:
    async with Scene(email_places=2) as scene:
        late = hang("byte", SIGN_IN_REFUSED)
        scene.email.script(late, to="jane@example.com")
        scene.email.usual = refuse(DOWN)
        await scene.offer(batch(1, to="jane@example.com"))
        await scene.offer(*(batch(number, rank=0) for number in range(2, 8)))
        await scene.advance(20 * SECOND)
        late.release.set()
        await scene.advance(16 * MINUTE)
        assert scene.email.probed[0] == START + 20 * SECOND + 15 * MINUTE


async def test_a_channel_that_went_down_again_is_probed_from_the_start() -> None:
    async with Scene() as scene:
        scene.email.usual = refuse(DOWN)
        await scene.offer(*(batch(number) for number in range(1, 11)))
        await scene.advance(75 * SECOND)
        assert [at - START for at in scene.email.probed] == [30 * SECOND, 60 * SECOND]


# -- loops ---------------------------------------------------------------------------------------


async def test_leases_are_renewed_and_the_store_is_swept_every_ten_seconds() -> None:
    async with Scene() as scene:
        await scene.advance(35 * SECOND)
    every_ten = [START + 10 * SECOND * number for number in (1, 2, 3)]
    assert scene.store.renewals == every_ten
    assert scene.store.sweeps == every_ten


@pytest.mark.parametrize("error", [StoreFailed("the disk is full"), ZeroDivisionError("secret")])
@pytest.mark.parametrize("verb", ["claim", "renew", "sweep"])
async def test_a_loop_that_stumbles_is_logged_and_goes_on(
    verb: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with Scene() as scene:
        scene.store.fail(verb, error)
        await scene.offer(batch())
        await scene.advance(32 * SECOND)
        assert scene.store.kinds(1) == [SENT]
    assert len(scene.store.renewals) == len(scene.store.sweeps) == 3
    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.__dict__["action"] == "dispatch.stumbled"
    assert "secret" not in caplog.text


async def test_lost_leases_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    async with Scene() as scene:
        scene.store.lost.add(1)
        await scene.advance(10 * SECOND)
    assert "1 leases were lost" in caplog.text


async def test_an_outcome_that_cannot_be_settled_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Scene(email_places=1) as scene:
        scene.store.fail("settle", ZeroDivisionError())
        await scene.offer(batch(1), batch(2))
        assert scene.store.kinds(2) == [SENT]
        assert scene.credits.free("email", critical=False) == 16
    assert "an outcome could not be settled" in caplog.text


async def test_a_store_that_cannot_commit_holds_its_places_until_it_can() -> None:
    async with Scene(email_places=1) as scene:
        scene.store.well.clear()
        await scene.offer(*(batch(number) for number in range(1, 5)))
        assert len(scene.email.log) == 1
        scene.store.well.set()
        await scene.rest()
        assert len(scene.email.log) == 4


# -- leaving -------------------------------------------------------------------------------------


async def test_an_idle_process_leaves_at_once() -> None:
    async with Scene() as scene:
        await scene.dispatcher.drain(20 * SECOND)
        assert scene.running is not None
        await scene.running
        assert scene.clock.now() == START
    assert scene.email.closed
    assert scene.sms.closed


async def test_a_process_that_leaves_takes_nothing_more() -> None:
    async with Scene() as scene:
        await scene.dispatcher.drain(20 * SECOND)
        await scene.offer(batch())
    assert scene.email.tried == []


async def test_a_send_that_ends_within_the_grace_is_settled_as_it_ended() -> None:
    async with Scene(email_places=1) as scene:
        scene.email.script(accept(takes=5 * SECOND))
        await scene.offer(batch(1), batch(2))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.rest()
        assert scene.store.kinds(2) == [HANDED_BACK], "what waits goes back at once"
        await scene.advance(5 * SECOND)
        assert leaving.done()
        assert scene.store.kinds(1) == [SENT]


@pytest.mark.parametrize("channel", ["email", "sms"])
async def test_a_send_that_hangs_after_the_last_byte_ends_as_unknown(channel: str) -> None:
    async with Scene() as scene:
        scene.email.usual = scene.sms.usual = hang("reply")
        await scene.offer(batch(channel=channel))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND - 1)
        assert scene.store.ended == []
        await scene.advance(1)
        assert leaving.done()
        settled = scene.store.last(1)
        assert settled.outcome.kind is UNKNOWN
        made = attempt(settled)
        assert (made.phase, made.ended_at) == (
            "dot" if channel == "email" else "response",
            START + 20 * SECOND,
        )
        assert made.digest is not None
        assert (settled.outcome.stored is not None) == (channel == "email")


async def test_a_mail_that_hangs_before_the_last_byte_goes_back_uncounted() -> None:
    async with Scene() as scene:
        scene.email.usual = hang("byte")
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND)
        assert leaving.done()
    settled = scene.store.last(1)
    assert (settled.outcome.kind, settled.attempt) == (HANDED_BACK, None)


async def test_an_announced_text_message_that_did_not_leave_goes_back_and_closes_its_row() -> None:
    async with Scene() as scene:
        scene.sms.usual = hang("byte")
        await scene.offer(batch(channel="sms"))
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(20 * SECOND)
        assert leaving.done()
    settled = scene.store.last(1)
    assert settled.outcome.kind is HANDED_BACK
    assert (attempt(settled).phase, attempt(settled).digest) == ("request", None)


async def test_leases_are_renewed_while_flights_land() -> None:
    async with Scene() as scene:
        scene.email.usual = hang()
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(25 * SECOND))
        await scene.advance(25 * SECOND)
        assert leaving.done()
    assert scene.store.renewals == [START + 10 * SECOND, START + 20 * SECOND]


@pytest.mark.parametrize("grace", [5 * SECOND, 20 * SECOND])
async def test_what_is_still_handed_over_while_the_process_leaves_goes_back(grace: int) -> None:
    async with Scene(email_places=1) as scene:
        scene.email.usual = hang()
        await scene.offer(batch(1))
        leaving = asyncio.create_task(scene.dispatcher.drain(grace))
        await scene.rest()
        scene.store.hand_over(batch(2))
        await scene.advance(grace)
        assert leaving.done()
        assert (scene.store.kinds(1), scene.store.kinds(2)) == ([UNKNOWN], [HANDED_BACK])


async def test_a_batch_that_a_place_just_got_goes_back_too() -> None:
    async with Scene(email_places=1) as scene:
        scene.store.hand_over(batch())
        await scene.dispatcher.drain(20 * SECOND)
        assert scene.email.tried == []
        assert scene.store.kinds(1) == [HANDED_BACK]


async def test_a_store_that_cannot_commit_does_not_keep_the_process() -> None:
    async with Scene() as scene:
        scene.store.well.clear()
        await scene.offer(batch())
        leaving = asyncio.create_task(scene.dispatcher.drain(20 * SECOND))
        await scene.advance(22 * SECOND)
        assert leaving.done()
        assert scene.running is not None
        await scene.running


async def test_a_probe_under_way_ends_when_the_process_leaves() -> None:
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        await scene.offer(batch())
        await scene.dispatcher.drain(20 * SECOND)
        await scene.advance(HOUR)
        assert scene.email.probed == []


async def test_a_process_that_never_ran_leaves_with_what_it_was_given() -> None:
    scene = Scene()
    scene.store.hand_over(batch())
    await scene.dispatcher.drain(20 * SECOND)
    await scene.dispatcher.run()
    assert scene.email.tried == []
    assert scene.store.kinds(1) == [HANDED_BACK]


async def test_a_crash_settles_nothing() -> None:
    async with Scene() as scene:
        scene.email.usual = hang()
        await scene.offer(batch())
    await scene.rest()
    assert scene.store.ended == []
    assert scene.email.running == 0


# -- the log -------------------------------------------------------------------------------------


async def test_a_sent_delivery_is_logged_with_its_ids(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        await scene.offer(batch())
    (record,) = caplog.records
    assert record.getMessage() == "delivery sent"
    known = record.__dict__
    assert (known["action"], known["batch"]) == ("delivery.sent", "bat_0000000000001")
    assert (known["recipient"], known["channel"]) == ("j•••@example.com", "email")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            NOT_NOW,
            "[Email Error] to j•••@example.com: 451 4.7.1 <j•••@example.com> greylisted; "
            "next try at 2026-11-23T09:00:15.000Z",
        ),
        (
            NO_MAILBOX,
            "[Email Error] to j•••@example.com: 550 "
            "(The mail server says that this mailbox does not exist.)",
        ),
        (
            NO_REPLY,
            "[Email Error] to j•••@example.com: "
            "The provider never said whether it took the message. "
            "(no answer; it may have arrived)",
        ),
        (
            DOWN,
            "[Email Error] to j•••@example.com: connection refused; "
            "next try at 2026-11-23T09:00:15.000Z",
        ),
    ],
)
async def test_a_failed_send_is_logged_without_its_address(
    error: DeliveryError, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Scene() as scene:
        scene.email.script(refuse(error))
        await scene.offer(batch())
    (record,) = caplog.records
    assert record.getMessage() == message
    assert record.__dict__["action"] == "delivery.failed"


async def test_a_text_message_is_logged_without_its_number(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said_so = said("response", 21211, "The 'To' number +1 (415) 555-0123\nis not valid")
    async with Scene() as scene:
        scene.sms.script(refuse(Permanent(Reason.BAD_ADDRESS, said_so)))
        await scene.offer(batch(channel="sms"))
    (record,) = caplog.records
    assert record.getMessage() == (
        "[SMS Error] to •••23: 21211 The 'To' number •••23 is not valid "
        "(The address is not valid, so nothing could be sent to it.)"
    )


async def test_a_channel_that_goes_down_and_comes_up_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        scene.email.script(refuse(SIGN_IN_REFUSED))
        scene.email.probes.append(ZeroDivisionError())
        await scene.offer(batch())
        await scene.advance(31 * MINUTE)
    lines = [
        one.getMessage() for one in caplog.records if one.__dict__["action"].startswith("channel")
    ]
    assert lines == [
        "[Email Error] the channel is down: 535; asking again at 2026-11-23T09:15:00.000Z",
        "[Email Error] the channel is down: ZeroDivisionError; "
        "asking again at 2026-11-23T09:30:00.000Z",
        "[Email] the channel is up again",
    ]


async def test_what_was_given_up_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with Scene() as scene:
        slow = hang("byte")
        scene.email.script(slow)
        await scene.offer(batch(ttl=TTL))
        scene.store.hand_over(withdrawn=[1])
        slow.release.set()
        await scene.rest()
    assert caplog.records[0].getMessage() == "delivery handed back"
    assert {record.levelno for record in caplog.records} == {logging.INFO}
