"""The sentences of the inbox page, from the JSON of the API."""

import hashlib
from typing import Any

import pytest

from notifier.demo.catcher import CaughtMail, CaughtSms
from notifier.demo.page.history import Carried
from notifier.demo.page.telling import Line, Step, outcome, path
from notifier.model.reasons import Reason

RAW = b"Subject: New Ticket Assigned\r\n\r\nHi\r\n"
MAIL = CaughtMail("john@example.com", RAW)
SMS = CaughtSms("+14155550123", "[HIGH] Ticket #123", 1)
SAME = hashlib.sha256(RAW).hexdigest()


def delivery(number: int = 123, **changed: Any) -> dict[str, Any]:
    return {
        "id": f"dlv_{number}",
        "batch_id": "bat_1",
        "provider_id": None,
        "ticket": {"id": str(number), "number": str(number), "title": "Printer Not Working"},
        "person": {"id": "per_1", "name": "John Smith"},
        "recipient": "john@example.com",
        "channel": "email",
        "state": "sent",
        "reason": None,
        "why": "ticket.assigned tells the assignee",
        "priority": "high",
        "due_at": "2026-11-24T09:00:00.010Z",
        "created_at": "2026-11-24T09:00:00.010Z",
        "updated_at": "2026-11-24T09:00:00.040Z",
        **changed,
    }


def event(*deliveries: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "webhook_id": "demo-1",
        "type": "ticket.assigned",
        "status": "accepted",
        "accepted_at": "2026-11-24T09:00:00.010Z",
        "ticket": {"number": "#123", "title": "Printer Not Working", "priority": "high"},
        "assignee": {"name": "John Smith"},
        "actor": {"name": "Administrator"},
        "note": None,
        "deliveries": list(deliveries),
        **changed,
    }


def attempt(**changed: Any) -> dict[str, Any]:
    return {
        "started_at": "2026-11-24T09:00:00.030Z",
        "ended_at": "2026-11-24T09:00:00.040Z",
        "phase": "dot",
        "outcome": "sent",
        "code": 250,
        "enhanced_code": "2.0.0",
        "reply": "2.0.0 Kept",
        "remote": "127.0.0.1:2525",
        "digest": SAME,
        **changed,
    }


def test_a_message_that_left_alone_has_its_whole_path() -> None:
    first, other = delivery(), delivery(9, channel="sms", recipient="+14155550123")
    assert path(MAIL, Carried(event(first, other), [first], [attempt()])) == [
        Step(
            "Event",
            "2026-11-24T09:00:00.010Z",
            [
                "The help desk posted ticket.assigned: ticket #123 “Printer Not Working”, "
                "priority high, assigned to John Smith by Administrator.",
                "It came as webhook demo-1 and was on disk as evt_1 before the answer 202.",
            ],
        ),
        Step(
            "Plan",
            "2026-11-24T09:00:00.010Z",
            [
                "Rule: ticket.assigned tells the assignee.",
                "John Smith is told by email at john@example.com (dlv_123).",
                "The same event led to a second delivery: Text message to +14155550123: sent.",
            ],
        ),
        Step(
            "Batch",
            "2026-11-24T09:00:00.010Z",
            ["It left alone, as bat_1, 20\u00a0ms after it was due."],
        ),
        Step(
            "Attempt",
            "2026-11-24T09:00:00.030Z",
            [
                "The mail server 127.0.0.1:2525 answered after 10\u00a0ms: 250 2.0.0 Kept "
                "(phase dot, outcome sent).",
                f"What arrived is byte for byte what the attempt recorded: SHA-256 {SAME[:16]}…",
            ],
        ),
        Step("Result", "2026-11-24T09:00:00.040Z", ["The delivery is sent."]),
    ]


def test_a_roll_up_lists_what_waited_up_to_a_bound() -> None:
    late = attempt(started_at="2026-11-24T09:00:04.010Z", ended_at="2026-11-24T09:00:05.510Z")
    waited = [delivery(number) for number in range(130, 183)]
    events, plan, roll_up, tried, result = path(MAIL, Carried(event(*waited), waited, [late]))
    assert (events.title, roll_up.title) == ("Events", "Roll-up")
    assert events.sentences == ["The help desk posted 53 events, each on disk before its 202:"]
    assert len(events.items) == 51
    assert events.items[0] == "09:00:00.010 #130 Printer Not Working (high)"
    assert events.items[-1] == "and 3 more"
    assert plan.sentences[1] == (
        "John Smith is told by email at john@example.com, once for each event."
    )
    assert roll_up.sentences == [
        "The limit for john@example.com was used up, so 53 deliveries waited.",
        "They left as one message, bat_1, when the limit allowed it: "
        "4.0\u00a0s after the first of them was due.",
    ]
    assert " answered after 1.5\u00a0s: " in tried.sentences[0]
    assert result.sentences == ["Every delivery is sent."]


def test_every_attempt_is_told_with_what_came_of_it() -> None:
    tries = [
        attempt(outcome="refused", phase="rcpt", code=450, reply="4.2.0 Later", digest=None),
        attempt(outcome="unknown", code=None, reply=None, digest="0f" * 32),
        attempt(ended_at=None, remote=None, digest=None),
    ]
    first = delivery(state="sending")
    *_, one, two, three, result = path(MAIL, Carried(event(first), [first], tries))
    assert [step.title for step in (one, two, three)] == ["Attempt 1", "Attempt 2", "Attempt 3"]
    assert one.sentences == [
        "The mail server 127.0.0.1:2525 answered after 10\u00a0ms: 450 4.2.0 Later "
        "(phase rcpt, outcome refused)."
    ]
    assert two.sentences == [
        "The mail server 127.0.0.1:2525 gave no answer for 10\u00a0ms "
        "(phase dot, outcome unknown).",
        "The attempt recorded other bytes than these: SHA-256 0f0f0f0f0f0f0f0f…",
    ]
    assert three.sentences == ["The mail server has not answered yet."]
    assert result.sentences == ["The delivery is sending."]


def test_what_is_on_its_way_says_so() -> None:
    first = delivery(state="sending", person={"id": None, "name": None})
    bare = event(first, assignee=None, actor=None)
    told = path(MAIL, Carried(bare, [first], []))
    assert [step.title for step in told] == ["Event", "Plan", "Batch", "Result"]
    assert told[0].sentences[0].endswith("priority high.")
    assert told[1].sentences[1].startswith("The person is told by email")
    assert told[2].sentences == ["It is on its way as bat_1."]


def test_a_text_message_is_told_without_comparing_bytes() -> None:
    first = delivery(channel="sms", recipient=SMS.to, provider_id="SM1")
    steps = path(SMS, Carried(event(first), [first], [attempt(code=201, reply="queued")]))
    assert steps[1].sentences[1] == "John Smith is told by text message at +14155550123 (dlv_123)."
    assert steps[3].sentences == [
        "The SMS provider 127.0.0.1:2525 answered after 10\u00a0ms: 201 queued "
        "(phase dot, outcome sent)."
    ]


def test_members_that_ended_differently_are_all_named() -> None:
    both = [delivery(1), delivery(2, state="cancelled")]
    assert path(MAIL, Carried(event(*both), both, [attempt()]))[-1].sentences == [
        "The deliveries are cancelled or sent."
    ]


def test_a_message_of_somebody_else_has_no_path() -> None:
    (step,) = path(MAIL, None)
    assert (step.title, step.at) == ("No path", None)
    assert "somebody else sent it to the catcher" in step.sentences[0]


def test_an_accepted_call_names_each_delivery_and_its_message() -> None:
    mail, text = delivery(), delivery(channel="sms", recipient=SMS.to, provider_id="SM1")
    text["batch_id"] = "bat_2"
    answer: dict[str, Any] = {
        "event_id": "evt_1",
        "status": "accepted",
        "note": None,
        "deliveries": [],
    }
    assert outcome(answer, event(mail, text), {"bat_1": 1, "SM1": 2}) == [
        Line("Mail to john@example.com: sent.", 1),
        Line("Text message to +14155550123: sent.", 2),
    ]


def test_without_its_event_a_call_is_told_from_its_answer() -> None:
    brief = {"recipient": "john@example.com", "channel": "email", "state": "sending"}
    answer = {"status": "accepted", "note": None, "deliveries": [{**brief, "reason": None}]}
    assert outcome(answer, None, {"bat_1": 1}) == [Line("Mail to john@example.com: sending.")]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            {"status": "duplicate", "event_id": "evt_1", "deliveries": [delivery()]},
            ["Told nobody again: this webhook id counted before, as evt_1."],
        ),
        (
            {"code": "bad_signature", "detail": "Not signed.", "status": 401},
            ["Told nobody, kept nothing. Not signed."],
        ),
        (
            {
                "code": "wrong_shape",
                "detail": "The JSON is not an event.",
                "errors": [{"path": "data.ticket.title", "message": "is missing"}],
            },
            ["Told nobody, kept nothing. The JSON is not an event. data.ticket.title: is missing."],
        ),
        (
            {"status": "accepted", "note": "no_assignee", "deliveries": []},
            [f"Told nobody. {Reason.NO_ASSIGNEE.sentence}"],
        ),
        (
            {"status": "ignored", "note": "nobody is told of this type", "deliveries": []},
            ["Told nobody. Nobody is told of this type."],
        ),
        (
            {
                "status": "accepted",
                "note": None,
                "deliveries": [
                    delivery(channel=None, recipient=None, state="failed", reason="no_address")
                ],
            },
            [
                "Told nobody.",
                "No message: failed (The person has neither an email address nor a phone number).",
            ],
        ),
    ],
)
def test_what_told_nobody_says_why(answer: dict[str, Any], said: list[str]) -> None:
    assert [line.text for line in outcome(answer, None, {})] == said
