"""Hostile text in every field, from the door to the mail as received, which is read strictly."""

import asyncio
import itertools
import random
from collections.abc import Callable
from typing import Any

from notifier.demo.catcher import Catcher
from notifier.rendering import sms
from tests.service import Service, assigned
from tests.smtp_sink import SmtpSink
from tests.torture import received
from tests.torture.endings import deliveries, open_states, until_ended
from tests.torture.harness import Harness, Job, Size
from tests.torture.hostile_texts import texts

_INNOCENT = "innocent@example.com"
_MOST = 100_000
_ACCEPTED, _WRONG_SHAPE = 202, 422


def _set(*path: str) -> Callable[[dict[str, Any], str], None]:
    def place(event: dict[str, Any], text: str) -> None:
        inner: Any = event["data"]
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = text

    return place


FIELDS = {
    "title": _set("ticket", "title"),
    "number": _set("ticket", "number"),
    "category": _set("ticket", "category"),
    "url": _set("ticket", "url"),
    "status": _set("ticket", "status"),
    "name": _set("assignee", "name"),
    "address": _set("assignee", "email"),
    "requester": _set("requester", "name"),
    "actor": _set("actor", "name"),
    "ticket_id": _set("ticket", "id"),
}
_MAY_BE_REFUSED = {"ticket_id", "number", "title", "address"}
"""Fields that are required, or have a grammar or a greatest length."""

# Tickets whose ids look the same are one ticket, and an address that is none is nobody's.
_MAY_BE_UNTOLD = (" as ticket_id", " as address")


def _event(number: int, email: str) -> dict[str, Any]:
    url = f"https://desk.example.com/tickets/{number}"
    event = assigned(number, email, url=url, category="Hardware")
    event["data"]["ticket"]["number"] = str(number)
    event["data"]["assignee"]["phone"] = f"+1415555{100 + number % 100:04d}"
    event["data"]["requester"] = {"id": "9", "name": "Jane Doe"}
    event["type"] = ("ticket.assigned", "ticket.created")[number % 2]
    return event


async def _run(job: Job) -> None:
    async with SmtpSink() as sink, Catcher(sms.count, _MOST) as catcher:
        service = Service(
            job.folder,
            sink.port,
            MAX_BODY="16MiB",
            RATE_LIMIT_EMAIL="",
            RATE_LIMIT_SMS="",
            ENABLE_SMS="true",
            TWILIO_ACCOUNT_SID="AC" + 32 * "7",
            TWILIO_AUTH_TOKEN="token-of-the-torture",
            TWILIO_PHONE_NUMBER="+14155550100",
            TWILIO_API_BASE=catcher.api_base,
        )
        try:
            await job.start(service)
            planned = await _post_all(job, service, sink)
            await until_ended(job, service, open_states(1))
            job.read_log(service)
            assert await service.stop() == 0
        finally:
            await service.close()
        _judge_deliveries(job, planned)
        _judge_mails(job, sink)
        for text in catcher.sms:
            job.count("text_messages")
            if text.segments > 1 or not received.is_one_plain_line(text.body):
                job.find("bad_text", f"{text.segments} segments: {text.body[:200]!r}")


async def _post_all(job: Job, service: Service, sink: SmtpSink) -> dict[str, str]:
    """Give what each delivery is about."""
    for number in (1, 2):
        await service.post(_event(number, _INNOCENT), f"innocent-{number}")
    await sink.wait_for(lambda sink: len(sink.taken) == 2)
    hostile = itertools.islice(texts(random.Random(job.seed)), job.sizes["texts"])
    planned: dict[str, str] = {}
    tickets = itertools.count(3)
    for number, text in enumerate(hostile, 1):
        posting = [_post(job, service, field, (next(tickets), text)) for field in FIELDS]
        for field, ids in zip(FIELDS, await asyncio.gather(*posting), strict=True):
            planned |= dict.fromkeys(ids, f"{text[:40]!r} as {field}")
        job.count("texts")
        if number % 50 == 0:
            job.say(f"{number} texts in {len(FIELDS)} fields each")
    return planned


def _judge_deliveries(job: Job, planned: dict[str, str]) -> None:
    for one in deliveries(job.folder / "notifier.db"):
        job.count(f"deliveries_{one.state}")
        said = planned.get(one.id, "an innocent text")
        if one.state != "sent" and not said.endswith(_MAY_BE_UNTOLD):
            job.find("untold", f"{said}: the {one.channel} is {one.state}: {one.reason}")


async def _post(job: Job, service: Service, field: str, case: tuple[int, str]) -> list[str]:
    number, text = case
    event = _event(number, f"{field}-{number}@example.com")
    FIELDS[field](event, text)
    answer = await service.post(event, f"call-{field}-{number}")
    job.count(f"answers_{answer.status_code}")
    if answer.status_code == _ACCEPTED:
        return [one["id"] for one in answer.json()["deliveries"]]
    if answer.status_code != _WRONG_SHAPE or field not in _MAY_BE_REFUSED:
        job.find("refused", f"{text[:40]!r} as {field} was answered {answer.status_code}")
    return []


def _judge_mails(job: Job, sink: SmtpSink) -> None:
    innocent = [mail.raw for mail in sink.taken if mail.to == _INNOCENT]
    if sink.crowded:
        job.find("bad_mail", f"{sink.crowded} mails had more than one recipient")
    for mail in sink.taken:
        job.count("mails")
        # There are two kinds of mail: it must be as good as one of them.
        wrong = min((received.faults(mail.raw, mail.to, one) for one in innocent), key=len)
        for fault in wrong:
            job.find("bad_mail", f"the mail to {mail.to}: {fault}")


HARNESS = Harness(
    name="hostile-text",
    says="hostile text in every field: mails as received are strictly well formed and hide nothing",
    run=_run,
    sizes={
        "texts": Size(500, 45, "how many texts, each in every field"),
        "patience": Size(180, 60, "seconds in which everything ends after the last event"),
    },
    faults={
        "refused": "a text in a field that takes any text was refused",
        "untold": "somebody was not told because of a text",
        "bad_mail": "a mail as it was received is not what it must be",
        "bad_text": "a text message is not one plain line in one segment",
    },
    reaches={"texts": "texts"},
    sabotages=("leave-text-as-it-is",),
)
