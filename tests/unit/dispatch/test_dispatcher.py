from collections.abc import Callable

import pytest

from notifier.model.deliveries import Attempt, Batch, OutcomeKind
from notifier.model.errors import (
    DeliveryError,
    Permanent,
    StoreFailed,
)
from notifier.model.messages import Email, Medium, Message, Receipt
from notifier.model.reasons import Reason
from notifier.model.times import HOUR, MINUTE, SECOND
from tests.scripted_channel import accept, hang, refuse
from tests.unit.dispatch.doubles import START, Scene, batch, render, said
from tests.unit.dispatch.trouble import (
    DOWN,
    FAILED,
    HANDED_BACK,
    NO_ANSWER,
    NO_MAILBOX,
    NO_REPLY,
    NOT_NOW,
    REFUSED,
    SENT,
    UNKNOWN,
    attempt,
    sha256,
)

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
