"""The path of a message, and the outcome of a call, in sentences.

Takes the API's JSON and what was caught and posted, gives steps and lines with their times.
Pure; refuses nothing.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifier.demo.catcher import Caught, CaughtMail
from notifier.demo.page.history import Carried, Shape
from notifier.model import times
from notifier.model.reasons import Reason
from notifier.model.states import SPEAKING

_BY = {"email": "by email", "sms": "by text message", None: "by no channel"}
_NAMES = {"email": "Mail", "sms": "Text message", None: "No message"}
_SERVERS = {"email": "mail server", "sms": "SMS provider"}
_SENTENCES = {reason.value: reason.sentence for reason in Reason}
_LISTED = 50
_UNBROKEN = "\u00a0"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: when it was (RFC 3339), what happened, and a list if it has one."""

    title: str
    at: str | None
    sentences: Sequence[str]
    items: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One outcome of a call; `message` is the number of the message that it led to, if any."""

    text: str
    message: int | None = None


def path(message: Caught, carried: Carried | None) -> Sequence[Step]:
    """Give the steps from the event to the last attempt."""
    if carried is None:
        return [Step("No path", None, [_UNKNOWN])]
    return [
        _roll_up_events(carried) if len(carried.deliveries) > 1 else _event(carried),
        _plan(carried),
        _batch(carried),
        *_attempts(message, carried),
        _result(carried),
    ]


_UNKNOWN = (
    "No delivery of the service carries this message. Either the service is still writing it "
    "down, or somebody else sent it to the catcher."
)


def _event(carried: Carried) -> Step:
    event = carried.event
    assignee, actor = event["assignee"], event["actor"]
    said = f"The help desk posted {event['type']}: {_ticket(event['ticket'])}"
    if assignee and assignee["name"]:
        said += f", assigned to {assignee['name']}"
    if actor and actor["name"]:
        said += f" by {actor['name']}"
    kept = f"It came as webhook {event['webhook_id']} and was on disk as {event['id']}"
    return Step("Event", event["accepted_at"], [f"{said}.", f"{kept} before the answer 202."])


def _roll_up_events(carried: Carried) -> Step:
    items = [f"{_clock(one['created_at'])} {_of(one)}" for one in carried.deliveries[:_LISTED]]
    more = len(carried.deliveries) - _LISTED
    if more > 0:
        items.append(f"and {more} more")
    said = f"The help desk posted {len(carried.deliveries)} events, each on disk before its 202:"
    return Step("Events", carried.deliveries[0]["created_at"], [said], items)


def _of(delivery: Shape) -> str:
    ticket = delivery["ticket"]
    return f"#{ticket['number'].lstrip('#')} {ticket['title']} ({delivery['priority']})"


def _plan(carried: Carried) -> Step:
    first = carried.deliveries[0]
    rules = sorted({one["why"] for one in carried.deliveries})
    rule = f"{'Rule' if len(rules) == 1 else 'Rules'}: {'; '.join(rules)}."
    name = first["person"]["name"] or "The person"
    told = f"{name} is told {_BY[first['channel']]} at {first['recipient']}"
    if len(carried.deliveries) > 1:
        return Step("Plan", first["created_at"], [rule, f"{told}, once for each event."])
    others = [one for one in carried.event["deliveries"] if one["id"] != first["id"]]
    also = [f"The same event led to a second delivery: {_outcome(one)}." for one in others]
    return Step("Plan", first["created_at"], [rule, f"{told} ({first['id']}).", *also])


def _batch(carried: Carried) -> Step:
    first, count = carried.deliveries[0], len(carried.deliveries)
    since = min(one["due_at"] for one in carried.deliveries)
    name = first["batch_id"]
    if not carried.attempts:
        return Step("Batch", since, [f"It is on its way as {name}."])
    waited = _span(since, carried.attempts[0]["started_at"])
    if count == 1:
        said = f"It left alone, as {name}, {waited} after it was due."
        return Step("Batch", since, [said])
    return Step(
        "Roll-up",
        since,
        [
            f"The limit for {first['recipient']} was used up, so {count} deliveries waited.",
            f"They left as one message, {name}, when the limit allowed it: "
            f"{waited} after the first of them was due.",
        ],
    )


def _attempts(message: Caught, carried: Carried) -> Iterator[Step]:
    channel = carried.deliveries[0]["channel"]
    for place, attempt in enumerate(carried.attempts, 1):
        sentences = [_tried(channel, attempt)]
        if isinstance(message, CaughtMail) and attempt["digest"] is not None:
            sentences.append(_compared(message, attempt["digest"]))
        title = "Attempt" if len(carried.attempts) == 1 else f"Attempt {place}"
        yield Step(title, attempt["started_at"], sentences)


def _tried(channel: str, attempt: Shape) -> str:
    server = f"The {_SERVERS[channel]} {attempt['remote'] or ''}".rstrip()
    if attempt["ended_at"] is None:
        return f"{server} has not answered yet."
    took = _span(attempt["started_at"], attempt["ended_at"])
    reply = " ".join(str(part) for part in (attempt["code"], attempt["reply"]) if part is not None)
    answered = f"answered after {took}: {reply}" if reply else f"gave no answer for {took}"
    return f"{server} {answered} (phase {attempt['phase']}, outcome {attempt['outcome']})."


def _compared(message: CaughtMail, digest: str) -> str:
    if hashlib.sha256(message.raw).hexdigest() == digest:
        return f"What arrived is byte for byte what the attempt recorded: SHA-256 {digest[:16]}…"
    return f"The attempt recorded other bytes than these: SHA-256 {digest[:16]}…"


def _result(carried: Carried) -> Step:
    last = carried.deliveries[-1]
    states = sorted({one["state"] for one in carried.deliveries})
    whose = "The delivery is" if len(carried.deliveries) == 1 else "Every delivery is"
    if len(states) > 1:
        whose = "The deliveries are"
    return Step("Result", last["updated_at"], [f"{whose} {' or '.join(states)}."])


def outcome(
    answer: Mapping[str, Any], event: Shape | None, messages: Mapping[str, int]
) -> Sequence[Line]:
    """Say what a call led to, and why it told nobody if it did not.

    `answer` is the service's; `event` is what it keeps of the call, or None; `messages` are
    the numbers of the caught messages by batch id and provider id.
    """
    if "code" in answer:
        return [Line(f"Told nobody, kept nothing. {_refusal(answer)}")]
    if answer["status"] == "duplicate":
        again = f"this webhook id counted before, as {answer['event_id']}"
        return [Line(f"Told nobody again: {again}.")]
    deliveries = event["deliveries"] if event else answer["deliveries"]
    told = any(one["state"] in SPEAKING for one in deliveries)
    lines = [] if told else [Line(f"Told nobody. {_note(answer['note'])}".rstrip())]
    found = [
        messages.get(one.get("batch_id") or "") or messages.get(one.get("provider_id") or "")
        for one in deliveries
    ]
    lines += [
        Line(f"{_outcome(one)}.", number) for one, number in zip(deliveries, found, strict=True)
    ]
    return lines


def _refusal(answer: Mapping[str, Any]) -> str:
    faults = [f"{fault['path']}: {fault['message']}." for fault in answer.get("errors", ())]
    return " ".join([answer["detail"], *faults])


def _outcome(delivery: Shape) -> str:
    """Say where a delivery is, without a full stop."""
    name, recipient = _NAMES[delivery["channel"]], delivery["recipient"]
    said = f"{name} to {recipient}" if recipient else name
    reason = delivery["reason"]
    why = f" ({_SENTENCES[reason].rstrip('.')})" if reason else ""
    return f"{said}: {delivery['state']}{why}"


def _note(note: str | None) -> str:
    if note is None:
        return ""
    return _SENTENCES.get(note) or f"{note.capitalize()}."


def _ticket(ticket: Shape) -> str:
    number = ticket["number"].lstrip("#")
    return f"ticket #{number} “{ticket['title']}”, priority {ticket['priority']}"


def _clock(text: str) -> str:
    return text[11:23]


def _span(earlier: str, later: str) -> str:
    millis = max(times.from_text(later) - times.from_text(earlier), 0)
    if millis < times.SECOND:
        return f"{millis}{_UNBROKEN}ms"
    return f"{millis / times.SECOND:.1f}{_UNBROKEN}s"
