"""Canaries: secrets and personal data in every call, looked for wherever words come out.

A log may hold neither secrets nor what an event says of people; a message or an answer may hold no
secret and nothing of the fields that no contract names.
"""

import contextlib
import random
import sys
from pathlib import Path
from typing import Any

from tests.integration.canaries import (
    PASSWORD,
    PLANTED,
    Setting,
    decoded,
    found_in,
    planted_event,
    setting,
)
from tests.service import Service
from tests.torture.harness import Harness, Job, Size

TITLE, NAME, MAILBOX, PHONE = "Title-Canary-4k", "Name-Canary-9w", "mailbox-canary-2z", "4155550188"
PERSONAL = (TITLE, NAME, MAILBOX, PHONE)
"""What an event says of people, and messages may say too: no line of the log may."""

_NOT_JSON = f'{{"{TITLE}": {NAME}'.encode()

_STATUSES = {"good": 202, "repeated": 200, "conflict": 409, "misshapen": 422, "broken": 400}


async def _run(job: Job) -> None:
    for style in ("console", "json"):
        folder = job.folder / style
        folder.mkdir()
        async with _started(job, folder, PASSWORD, style) as here:
            await _post_all(job, here)
            await _judge_what_arrived(job, here)
        _judge_log(job, here.service)
    folder = job.folder / "refused"
    folder.mkdir()
    async with _started(job, folder, "another password", "json") as here:
        await here.service.post(_event(1), "call-1")
        await here.service.until_logged("[Email Error]")
        _judge(job, "an answer", await _health(here))
        assert await here.service.stop() == 0
    _judge_log(job, here.service)


def _started(
    job: Job, folder: Path, password: str, style: str
) -> "contextlib.AbstractAsyncContextManager[Setting]":
    unlimited = {"RATE_LIMIT_EMAIL": "", "RATE_LIMIT_SMS": ""}
    return setting(folder, password, job.start, LOG_FORMAT=style, **unlimited)


def _event(number: int) -> dict[str, Any]:
    event = planted_event(number)
    event["data"]["ticket"]["title"] = f"{TITLE} {number}"
    event["data"]["assignee"] |= {
        "name": NAME,
        "email": f"{MAILBOX}-{number % 7}@example.com",
        "phone": f"+1{PHONE}",
    }
    event["data"]["requester"] |= {"name": NAME, "email": f"{MAILBOX}-r@example.com"}
    return event


async def _post_all(job: Job, here: Setting) -> None:
    chance, service = random.Random(job.seed), here.service
    accepted: list[dict[str, Any]] = []
    for number in range(1, job.sizes["events"] + 1):
        kind = chance.choice(list(_STATUSES)) if accepted else "good"
        event = _event(number)
        match kind:
            case "repeated":
                answer = await service.post(_event(1), "call-1")
            case "conflict":
                answer = await service.post(event, "call-1")
            case "misshapen":
                answer = await service.post({**event, "type": TITLE}, f"call-{number}")
            case "broken":
                answer = await service.post_bytes(_NOT_JSON, f"call-{number}")
            case _:
                answer = await service.post(event, f"call-{number}")
                accepted.append(answer.json())
        job.count("calls")
        if answer.status_code != _STATUSES[kind]:
            job.find("other", f"a {kind} call was answered {answer.status_code}")
        _judge(job, f"the answer to a {kind} call", repr(answer.headers).encode() + answer.content)
    await service.until_ended([one["id"] for told in accepted for one in told["deliveries"]])
    for one in accepted[: job.sizes["shown"]]:
        ids = [delivery["id"] for delivery in one["deliveries"]]
        _judge(job, "the API", await here.answers(one["event_id"], ids))
    _judge(job, "an answer", await _health(here))
    _judge_process(job, service)
    assert await service.stop() == 0


async def _health(here: Setting) -> bytes:
    told = [
        await here.read(path) for path in ("/health/live", "/health/ready", "/metrics", "/docs")
    ]
    return b"\n".join(repr(one.headers).encode() + one.content for one in told)


async def _judge_what_arrived(job: Job, here: Setting) -> None:
    for mail in here.sink.taken:
        job.count("mails")
        _judge(job, "a mail", mail.raw)
        _judge(job, "a mail", decoded(mail.raw))
    for text in here.catcher.sms:
        job.count("texts")
        _judge(job, "a text message", f"{text.to} {text.body}".encode())


def _judge_log(job: Job, service: Service) -> None:
    job.read_log(service)
    for line in service.lines:
        job.count("log_lines")
        _judge(job, "the log", line.encode(), (*PLANTED, *PERSONAL))


def _judge_process(job: Job, service: Service) -> None:
    """Look at what every user of the machine may see of a process: its command."""
    assert service.process is not None
    shown = Path(f"/proc/{service.process.pid}/cmdline")
    if sys.platform == "linux":
        _judge(job, "the list of processes", shown.read_bytes())


def _judge(job: Job, where: str, said: bytes, planted: tuple[str, ...] = PLANTED) -> None:
    job.count("looked_at")
    for text in found_in(said, planted):
        shown = text if text in PERSONAL else f"{text[:6]}…"
        job.find("found", f"{where} holds {shown}: {said[:200]!r}")


HARNESS = Harness(
    name="canary",
    says="planted secrets and personal data: found in no log, and elsewhere only where they may be",
    run=_run,
    sizes={
        "events": Size(2_000, 60, "how many calls are made, in each style of log"),
        "shown": Size(20, 5, "how many accepted events are read back through the API"),
    },
    faults={
        "found": "something planted came out where it may not",
        "other": "a call was answered otherwise than its kind is",
    },
    reaches={"calls": "events"},
    sabotages=("log-what-is-received",),
)
