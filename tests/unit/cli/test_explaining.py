from typing import Any

import pytest

from notifier.cli import explaining
from notifier.model.deliveries import OutcomeKind
from notifier.model.reasons import Reason
from notifier.model.states import OPEN, State
from tests.unit.cli.documents import ATTEMPT, delivery, event, party

FINISHED = "2026-11-23T09:00:05.000Z"


def ended(state: State, **fields: Any) -> dict[str, Any]:
    return delivery(state=state.value, finished_at=FINISHED, **fields)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_and_leads_to_a_next_step(reason: Reason) -> None:
    one = ended(State.FAILED, reason=reason.value, sentence=reason.sentence)
    assert f"It ended at 2026-11-23 09:00:05 as failed: {reason.sentence}" in (
        explaining.of_delivery(one)
    )
    step = explaining.next_step(one)
    assert step is not None
    assert "{" not in step


@pytest.mark.parametrize("state", sorted(OPEN | {State.SENT, State.DELIVERED, State.UNDELIVERED}))
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_state_that_needs_no_reason_is_told_by_itself(state: State, channel: str) -> None:
    one = ended(state, channel=channel, provider_id="SM1") | {"attempts": [ATTEMPT]}
    sentence = explaining.of_delivery(one)[-1]
    assert "no reason is given" not in sentence
    if state in (State.SENT, State.DELIVERED, State.UNDELIVERED):
        provider = {"email": "The mail server", "sms": "Twilio"}[channel]
        assert sentence.startswith(provider)
        assert "SM1" in sentence


def test_words_of_a_newer_service_are_shown_as_they_are() -> None:
    attempt = ATTEMPT | {"outcome": "postponed", "phase": "handshake"}
    one = ended(State.FAILED) | {
        "state": "archived",
        "channel": "pigeon",
        "reason": "too_windy",
        "sentence": "There was too much wind.",
        "attempts": [attempt],
    }
    said = explaining.of_delivery(one)
    assert said[-1].endswith("as archived: There was too much wind.")
    assert "mail.example.com:587: postponed at handshake: 250 2.0.0 queued as 7" in said[1]
    assert explaining.next_step(one) is None


@pytest.mark.parametrize("outcome", [*OutcomeKind, "started"])
def test_every_outcome_of_an_attempt_has_its_words(outcome: str) -> None:
    one = delivery(attempts=[ATTEMPT | {"outcome": str(outcome), "phase": "rcpt"}])
    sentence = explaining.of_delivery(one)[1]
    assert sentence.startswith("Try 1, 2026-11-23 09:00:00, mail.example.com:587: ")
    assert f": {outcome} at" not in sentence
    assert f": {outcome}: " not in sentence
    assert ("at the recipient's address" in sentence) == (outcome != "sent")


@pytest.mark.parametrize(("tries", "lines"), [(7, 7), (8, 7), (200, 7)])
def test_many_attempts_are_told_by_the_first_and_the_last(tries: int, lines: int) -> None:
    said = explaining.of_delivery(delivery(attempts=[ATTEMPT] * tries))[1:-1]
    assert len(said) == lines
    assert said[-1].startswith(f"Try {tries},")
    assert [line for line in said if "which --json lists" in line] == (
        [f"{tries - 6} tries more, which --json lists"] if tries > 7 else []
    )


def test_what_waits_after_a_try_leads_to_the_check_of_the_channel() -> None:
    assert str(explaining.next_step(delivery())).startswith("Nothing, if that is soon enough")
    tried = explaining.next_step(delivery(attempts=[ATTEMPT]))
    assert "notifier check tries the channel" in str(tried)


def test_a_long_wait_for_the_first_try_is_told_and_a_short_one_is_not() -> None:
    late = ATTEMPT | {"started_at": "2026-11-23T09:00:20.100Z"}
    assert explaining.of_delivery(delivery(attempts=[late]))[1] == (
        "It waited 20 seconds first: for a limit, the channel, or to be retried."
    )
    assert not any("It waited" in line for line in explaining.of_delivery(delivery()))
    assert not any(
        "It waited" in line for line in explaining.of_delivery(delivery(attempts=[ATTEMPT]))
    )


def test_a_roll_up_says_how_many_share_it() -> None:
    one = delivery(batch_id="bat_1", message={"subject": "2 tickets need your attention"})
    assert explaining.of_delivery(one)[-1] == 'Its message: "2 tickets need your attention"'
    assert explaining.of_delivery(one, together=7)[-1] == (
        'It shares one message with 6 more, a roll-up: "2 tickets need your attention"'
    )
    text = delivery(batch_id="bat_1", channel="sms", message={"body": "2 tickets for you"})
    assert explaining.of_delivery(text)[-1] == 'Its message: "2 tickets for you"'


def test_a_merged_one_names_the_one_that_told() -> None:
    one = ended(
        State.MERGED,
        reason="same_save",
        sentence=Reason.SAME_SAVE.sentence,
        merged_into="dlv_0",
    )
    said = explaining.of_delivery(one, told_by=ended(State.SENT, id="dlv_0"))
    assert said[-1] == "That one is dlv_0: sent."
    assert explaining.next_step(one) == "Look at the other one: notifier deliveries show dlv_0"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"note": "no_assignee"}, Reason.NO_ASSIGNEE.sentence),
        ({"note": "nobody is told of this type"}, "Nobody was told: nobody is told of this type."),
        ({"status": "ignored"}, "This version does not know the type, so it was kept, and nobody"),
        ({}, "Nobody was told."),
        (
            {"occurred_at": "2026-11-23T08:15:00.000Z", "deliveries": [delivery()]},
            "It came 45 minutes after the time it names, 2026-11-23 08:15:00.",
        ),
        (
            {"occurred_at": "2026-11-21T07:00:00.000Z", "deliveries": [delivery()]},
            "It came 2 days after the time it names, ",
        ),
    ],
)
def test_an_event_says_why_it_told_nobody(fields: dict[str, Any], said: str) -> None:
    (sentence,) = explaining.of_event(event(**fields))
    assert sentence.startswith(said)


def test_an_event_that_told_somebody_needs_no_words_of_its_own() -> None:
    assert explaining.of_event(event(deliveries=[delivery()])) == []
    assert explaining.after_event(event()) is None
    assert "data.assignee" in str(explaining.after_event(event(note="no_assignee")))
    told = str(explaining.after_event(event(note="no_assignee", source="zammad")))
    assert "notifier sources calls zammad -v" in told
    assert "data.assignee" not in told


@pytest.mark.parametrize(
    ("assignee", "actor", "line"),
    [
        (party(name="John Smith"), party(name="Ann"), "for John Smith by Ann (high)"),
        (party(email="john@example.com", id="7"), None, "for john@example.com (high)"),
        (None, party(id="1"), "by 1 (high)"),
        (None, None, "(high)"),
    ],
)
def test_a_line_names_who_and_by_whom(assignee: Any, actor: Any, line: str) -> None:
    happened = explaining.happened(event(assignee=assignee, actor=actor))
    assert happened == f"ticket.assigned {line}"


def test_a_number_gets_one_sign_and_not_two() -> None:
    assert explaining.reference({"number": "123"}) == "#123"
    assert explaining.reference({"number": "#123"}) == "#123"
    assert explaining.moment(None) == "-"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"attempts": [ATTEMPT]}, "It waits for its next try, due at 2026-11-23 09:01:00; after "),
        ({"attempts": []}, "The recipient's limit is used up until 2026-11-23 09:01:00; after "),
        (
            {"attempts": [], "due_at": "2026-11-23T09:00:00.000Z"},
            "It waits for its turn: the recipient's limit, or the channel; after ",
        ),
    ],
)
def test_what_waits_says_for_what_and_until_when(fields: dict[str, Any], said: str) -> None:
    waits = delivery(due_at="2026-11-23T09:01:00.000Z", updated_at="2026-11-23T09:00:00.000Z")
    assert explaining.of_delivery(waits | fields)[-1].startswith(said)
