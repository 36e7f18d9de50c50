"""What happened and why, in sentences that a person understands, and what to do next.

Takes events and deliveries as the API gives them, gives sentences; decides nothing and asks
nobody. Refuses nothing: a reason, state or outcome that it does not know is named as it stands,
because a service may be newer than this command.
"""

from notifier.cli.output import Document
from notifier.model import times
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis
from notifier.rendering.text import clean

_NATIVE = "default"
"""The source whose events have the fields that the advice names."""

_LATE = MINUTE
"""An event that arrives this long after its own time is worth a sentence."""

_WAITED = 5 * SECOND
"""A first try that comes this long after the plan is, too."""

_WORDS = 120
_FIRST_TRIES, _LAST_TRIES = 2, 4

_PROVIDER = {"email": "the mail server", "sms": "Twilio"}

_OUTCOMES = {
    "started": "not answered yet",
    "sent": "taken",
    "refused": "refused for now",
    "failed": "refused for good",
    "handed_back": "came to nothing",
    "unknown": "handed over, but no answer came",
    "interrupted": "cut off by the end of the process",
}

_PHASES = {
    "connect": "while connecting",
    "tls": "while the connection was being encrypted",
    "auth": "at the sign-in",
    "mail": "at the sender's address",
    "rcpt": "at the recipient's address",
    "data": "before the message",
    "body": "within the message",
    "dot": "after the message",
    "request": "while asking",
    "response": "in the answer",
    "render": "while the message was being made",
}

_RETRY = "then: notifier deliveries retry {id}"

_NEXT = {
    Reason.OWN_ACTION: "Nothing, if that is right; NOTIFY_SELF=true tells people of it too.",
    Reason.NO_ASSIGNEE: "Assign the ticket; the help desk must send data.assignee.",
    Reason.NO_ADDRESS: "Add one as it says above, or let the help desk send one; " + _RETRY,
    Reason.BAD_ADDRESS: "Correct the address in the help desk. A number without +COUNTRY needs "
    "DEFAULT_REGION.",
    Reason.CHANNEL_DISABLED: "If it should be on: set ENABLE_EMAIL or ENABLE_SMS to true, restart, "
    + _RETRY,
    Reason.CHANNEL_NOT_CONFIGURED: "Fill in what notifier check says is missing, restart, "
    + _RETRY,
    Reason.BELOW_SMS_PRIORITY: "Nothing, if that is right; SMS_MIN_PRIORITY draws the line.",
    Reason.SUPERSEDED: "Nothing: look at the newer events of the ticket.",
    Reason.REASSIGNED: "Nothing: a later event says who has the ticket now.",
    Reason.TICKET_CLOSED: "Nothing: the ticket needs nobody any more.",
    Reason.SAME_SAVE: "Look at the other one: notifier deliveries show {merged_into}",
    Reason.OPTED_OUT: "They must ask for it themselves; for SMS by sending START to the number.",
    Reason.BAD_MAILBOX: "Check the address in the help desk. Once the mailbox exists: "
    "notifier deliveries retry {id}",
    Reason.EXPIRED: "See above why it could not be sent; notifier check tries the channel; "
    + _RETRY,
    Reason.REJECTED: "The reply above says why. Mend that, " + _RETRY,
    Reason.TOO_LARGE: "Shorten the template or raise the mail server's limit, " + _RETRY,
    Reason.POLICY: "The reply above says why, mostly the sender's domain or reputation. Mend "
    "that, " + _RETRY,
    Reason.RETRIES_EXHAUSTED: "The replies above say why; notifier check tries the channel; "
    + _RETRY,
    Reason.TEMPLATE_ERROR: "Mend the template (notifier check names it, and so does the log), "
    + _RETRY,
    Reason.OUTCOME_UNKNOWN: "Look into the provider's own log whether it arrived. If it did not: "
    "notifier deliveries retry {id}; if it did, it comes twice.",
    Reason.OPERATOR: "Nothing, if that is right. If not: notifier deliveries retry {id}",
}
"""What to do about each reason; `{…}` are fields of the delivery."""

_NEXT_IN = {
    ("pending", "email"): "Nothing, if that is soon enough; notifier check tries the channel.",
    ("pending", "sms"): "Nothing, if that is soon enough; notifier check tries the channel.",
    ("unknown", "email"): "Wait. The same mail is handed over once more; a mailbox that has it "
    "already may show it twice.",
    (
        "unknown",
        "sms",
    ): "Wait, and look into Twilio's console; no text is sent twice blindly.",
    ("sent", "email"): "If it is not in the inbox: look into spam and quarantine, then into the "
    "mail server's log for the reply above.",
    ("sent", "sms"): "If it is not on the telephone: look into Twilio's console for {provider_id}.",
    ("undelivered", "sms"): "Look into Twilio's console for {provider_id}. Mend that, " + _RETRY,
    ("undelivered", "email"): "Check the address with its owner, " + _RETRY,
}


_NEXT_AFTER_TRIES = (
    "The replies above say why; notifier check tries the channel and says how to mend it."
)


def moment(text: str | None) -> str:
    """Give a time of the API for people, in UTC: `2026-11-24 09:00:00`, `-` for none."""
    return "-" if text is None else text[:19].replace("T", " ")


def reference(ticket: Document) -> str:
    """Give what people call a ticket: its number, with one sign before it."""
    return f"#{str(ticket['number']).removeprefix('#')}"


def happened(event: Document) -> str:
    """Give one line about an event: what, whose, by whom, how urgent."""
    parts = [event["type"]]
    for word, party in (("for", event["assignee"]), ("by", event["actor"])):
        if party is not None:
            parts.append(f"{word} {name_of(party)}")
    return f"{' '.join(parts)} ({event['ticket']['priority']})"


def name_of(party: Document) -> str:
    """Give what people call somebody: the name, else what else is known."""
    return str(party["name"] or party["email"] or party["phone"] or party["id"])


def of_event(event: Document) -> list[str]:
    """Give what is to be said of the event itself; nothing when its deliveries say it all."""
    said = []
    late = times.from_text(event["accepted_at"]) - times.from_text(event["occurred_at"])
    if late > _LATE:
        said.append(
            f"It came {_long(late)} after the time it names, {moment(event['occurred_at'])}."
        )
    if event["status"] == "ignored":
        said.append("This version does not know the type, so it was kept, and nobody was told.")
    elif event["note"] == Reason.NO_ASSIGNEE:
        said.append(Reason.NO_ASSIGNEE.sentence)
    elif event["note"] is not None:
        said.append(f"Nobody was told: {event['note']}.")
    elif not event["deliveries"]:
        said.append("Nobody was told.")
    return said


def after_event(event: Document) -> str | None:
    """Give what to do when an event told nobody."""
    if event["note"] != Reason.NO_ASSIGNEE:
        return None
    if event["source"] == _NATIVE:
        return _NEXT[Reason.NO_ASSIGNEE]
    return (
        "Assign the ticket. If somebody has it, the help desk did not say so: "
        f"notifier sources calls {event['source']} -v shows what it sends."
    )


def ended(delivery: Document) -> str:
    """Give where a delivery is, in two words or three."""
    reason = delivery["reason"]
    return delivery["state"] if reason is None else f"{delivery['state']}: {reason}"


def of_delivery(
    delivery: Document, together: int = 1, told_by: Document | None = None
) -> list[str]:
    """Give the story of one delivery: the rule, its attempts, its end.

    `together` is how many deliveries its message carries; `told_by` the delivery that a merged
    one was merged into.
    """
    said = [
        f"Planned because {delivery['why']}.",
        *_waited(delivery),
        *_attempts(delivery["attempts"]),
        _state(delivery),
    ]
    if told_by is not None:
        said.append(f"That one is {told_by['id']}: {ended(told_by)}.")
    return [*said, *_message(delivery, together)]


def _waited(delivery: Document) -> list[str]:
    if not delivery["attempts"]:
        return []
    first = times.from_text(delivery["attempts"][0]["started_at"])
    waited = first - times.from_text(delivery["created_at"])
    if waited < _WAITED:
        return []
    return [f"It waited {_long(waited)} first: for a limit, the channel, or to be retried."]


def _long(span: Millis) -> str:
    """Give a duration in its largest unit, of which there are two or more."""
    units = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (SECOND, "seconds"))
    length, name = next((unit for unit in units if span >= 2 * unit[0]), units[-1])
    return f"{span // length} {name}"


def _message(delivery: Document, together: int) -> list[str]:
    message = delivery["message"]
    if message is None or delivery["batch_id"] is None:
        return []
    words = clean(message.get("subject") or message.get("body"), _WORDS)
    if together == 1:
        return [f'Its message: "{words}"']
    return [f'It shares one message with {together - 1} more, a roll-up: "{words}"']


def _attempts(attempts: list[Document]) -> list[str]:
    told = [_attempt(number, attempt) for number, attempt in enumerate(attempts, start=1)]
    left_out = len(told) - _FIRST_TRIES - _LAST_TRIES
    if left_out < 2:
        return told
    between = f"{left_out} tries more, which --json lists"
    return [*told[:_FIRST_TRIES], between, *told[-_LAST_TRIES:]]


def _attempt(number: int, attempt: Document) -> str:
    remote = f", {attempt['remote']}" if attempt["remote"] else ""
    outcome = _OUTCOMES.get(attempt["outcome"], attempt["outcome"])
    phase = "" if attempt["outcome"] == "sent" else _phase(attempt["phase"])
    reply = " ".join(str(part) for part in (attempt["code"], attempt["reply"]) if part)
    answer = f": {reply}" if reply else ""
    return f"Try {number}, {moment(attempt['started_at'])}{remote}: {outcome}{phase}{answer}"


def _phase(phase: str) -> str:
    return f" {_PHASES.get(phase, f'at {phase}')}"


def _state(delivery: Document) -> str:
    state, channel = delivery["state"], delivery["channel"]
    provider = _PROVIDER.get(channel, "the provider")
    at = moment(delivery["finished_at"])
    if state == "pending":
        return f"{_waits(delivery)}; after {moment(delivery['expires_at'])} it expires."
    if state in ("sent", "delivered", "undelivered"):
        named = f" as {delivery['provider_id']}" if delivery["provider_id"] else ""
        verb = {"sent": "took it", "delivered": "delivered it"}.get(state, "could not deliver it")
        why = f": {delivery['sentence']}" if delivery["sentence"] else "."
        return f"{provider[0].upper()}{provider[1:]} {verb}{named} at {at}{why}"
    if state == "sending":
        return "It is being sent at this moment."
    if state == "unknown":
        return f"{provider[0].upper()}{provider[1:]} never said whether it took it, so it may have."
    return f"It ended at {at} as {state}: {delivery['sentence'] or 'no reason is given.'}"


def _waits(delivery: Document) -> str:
    due = moment(delivery["due_at"])
    if delivery["attempts"]:
        return f"It waits for its next try, due at {due}"
    if delivery["due_at"] > delivery["updated_at"]:
        return f"The recipient's limit is used up until {due}"
    return "It waits for its turn: the recipient's limit, or the channel"


def next_step(delivery: Document) -> str | None:
    """Give what to do now, or None when there is nothing to say."""
    reason = delivery["reason"]
    if delivery["state"] == State.PENDING and delivery["attempts"]:
        return _NEXT_AFTER_TRIES
    if reason in set(Reason) and delivery["state"] != "undelivered":
        text: str | None = _NEXT[Reason(reason)]
    else:
        text = _NEXT_IN.get((delivery["state"], delivery["channel"]))
    return None if text is None else text.format(**delivery)
