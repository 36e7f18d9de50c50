import itertools
import logging

import pytest

from notifier.model.errors import (
    StoreFailed,
)
from notifier.model.times import HOUR, MINUTE, SECOND
from tests.scripted_channel import accept, hang, refuse
from tests.unit.dispatch.doubles import START, Scene, batch
from tests.unit.dispatch.trouble import (
    DOWN,
    FAILED,
    HANDED_BACK,
    NO_MAILBOX,
    SENT,
    SIGN_IN_REFUSED,
)

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


async def test_a_provider_that_says_nothing_to_what_it_was_handed_is_left_alone() -> None:
    async with Scene() as scene:
        scene.email.usual = hang("reply")
        await scene.offer(*(batch(number) for number in range(1, 101)))
        await scene.advance(40 * SECOND)
        assert scene.dispatcher.down() == (), "three of them, once each, are not five"
        await scene.advance(30 * SECOND)
        (sentence,) = scene.dispatcher.down()
        assert sentence.startswith("Email is down since 2026-11-23T09:01:")
        assert scene.email.running == 3, "what it has been handed is still waited for"


async def test_an_answer_whose_commit_takes_its_time_is_no_silence() -> None:
    async with Scene() as scene:
        scene.store.well.clear()
        await scene.offer(*(batch(number) for number in range(1, 7)))
        await scene.advance(5 * MINUTE)
        assert len(scene.email.log) == 6
        assert scene.dispatcher.down() == ()
        scene.store.well.set()
        await scene.rest()


async def test_a_reply_that_takes_its_time_is_no_silence() -> None:
    async with Scene() as scene:
        for _ in range(6):
            slow = hang("reply")
            scene.email.script(slow)
            await scene.offer(batch())
            await scene.advance(20 * SECOND)
            slow.release.set()
            await scene.advance(SECOND)
        assert scene.dispatcher.down() == ()
        assert scene.store.counts() == {SENT: 6}


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


async def test_a_store_that_is_slow_to_commit_bounds_what_is_sent_meanwhile() -> None:
    async with Scene(email_places=1) as scene:
        scene.store.well.clear()
        await scene.offer(*(batch(number) for number in range(1, 41)))
        assert len(scene.email.log) == 16, "credits come back with the commit only"
        scene.store.well.set()
        await scene.rest()
        assert len(scene.email.log) == 40
