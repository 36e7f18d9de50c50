"""What a store, the providers and a help desk say together after the service has ended.

Takes the file, what was answered and what arrived; leaves findings in the job. Nothing accepted is
missing, everything ended or has its time, and each repeat has an attempt that explains it.
"""

from collections import defaultdict
from pathlib import Path

import apsw

from notifier.model import ids
from tests.torture.desk import Desk
from tests.torture.harness import Job
from tests.torture.providers import Providers

FAULTS = {
    "lost": "what was answered 202 is not in the store, or was never told",
    "stuck": "a delivery neither ended nor has a time at which it goes on",
    "unexplained": "a message arrived more often than its attempts explain",
    "altered": "a mail that was sent again had other bytes",
    "refused": "an honest call was refused",
}

_TOLD = "sent"
_UNTOLD_FOR_A_REASON = {"cancelled", "merged"}
_MAY_HAVE_ARRIVED = {"sent", "unknown", "interrupted", "started"}
_OPEN = {"pending", "sending", "unknown"}


def judge(job: Job, path: Path, desk: Desk, providers: Providers) -> None:
    """Hold all three against one another."""
    opened = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        _judge_events(job, opened, desk)
        _judge_deliveries(job, opened, providers)
        _judge_repeats(job, opened, providers)
    finally:
        opened.close()


def _judge_events(job: Job, opened: apsw.Connection, desk: Desk) -> None:
    stored = {
        key: ids.public("evt", number)
        for number, key in opened.execute("SELECT id, webhook_id FROM event")
    }
    planned = {ids.public("dlv", number) for (number,) in opened.execute("SELECT id FROM delivery")}
    for key, (event, deliveries) in desk.accepted.items():
        if stored.get(key) != event:
            job.find("lost", f"{key} was answered 202 as {event}; the store has {stored.get(key)}")
        for delivery in set(deliveries) - planned:
            job.find("lost", f"{delivery} of {key} was promised and is not in the store")
    job.figures["accepted"] = len(desk.accepted)
    job.figures["events"] = len(stored)


def _judge_deliveries(job: Job, opened: apsw.Connection, providers: Providers) -> None:
    rows = opened.execute(
        "SELECT d.id, d.channel, d.state, d.reason, d.batch_id, b.state, b.owner FROM delivery d "
        "LEFT JOIN batch b ON b.id = d.batch_id"
    )
    for number, channel, state, reason, batch, batch_state, owner in rows:
        name = f"{ids.public('dlv', number)} ({channel})"
        job.count(f"deliveries_{state}")
        if state in _OPEN:
            # What has no answer has its time, unless the run has waited for that.
            if job.sizes["wait_out"] or (state, batch_state) != ("unknown", "unknown"):
                job.find("stuck", f"{name} is still {state}, its batch {batch_state} of {owner}")
        elif state == _TOLD:
            mail = channel == "email"
            if mail and ids.public("bat", batch) not in providers.sink.mails:
                job.find("lost", f"{name} is sent, and no mail of its batch arrived")
        elif state not in _UNTOLD_FOR_A_REASON and reason != "outcome_unknown":
            job.find("lost", f"{name} ended {state}: {reason}")


def _judge_repeats(job: Job, opened: apsw.Connection, providers: Providers) -> None:
    outcomes: dict[str, list[str]] = defaultdict(list)
    # A second try without an answer is the last one, and may have arrived too.
    rows = "SELECT batch_id, CASE reason WHEN 'outcome_unknown' THEN 'unknown' ELSE outcome END"
    for batch, outcome in opened.execute(f"{rows} FROM attempt"):
        outcomes[ids.public("bat", batch)].append(outcome)
    job.figures["mails"] = sum(mail.times for mail in providers.sink.mails.values())
    job.figures["texts"] = providers.texts.total()
    for name, mail in providers.sink.mails.items():
        explained = sum(outcome in _MAY_HAVE_ARRIVED for outcome in outcomes[name])
        job.count("repeated_mails", mail.times - 1)
        if mail.times > explained:
            tries = ", ".join(outcomes[name])
            job.find("unexplained", f"{name} arrived {mail.times} times; its attempts: {tries}")
        if len(mail.digests) > 1:
            job.find("altered", f"{name} arrived with {len(mail.digests)} different contents")
    for (to, _), times in providers.texts.items():
        if times > 1:
            job.find("unexplained", f"one text message to {to} was posted {times} times")
