"""Resident memory of a service that has started, told somebody once, and rests.

Takes a plan, gives two rows: with email, and with email and SMS.
"""

import asyncio
import statistics
import time

from bench import calls, counting, ours
from bench.caller import Caller
from bench.figures import Row, bounded
from bench.measures.plan import Plan
from bench.processes import free_port

_MEGABYTE = 1e6
_REST = 1.0
_EMAIL = 70.0
_BOTH = 110.0


def rows(plan: Plan) -> list[Row]:
    """Start both, in turns."""
    email, both = [], []
    for _ in range(plan.turns):
        email.append(_resident(plan, {}))
        both.append(_resident(plan, _sms()))
    return [
        bounded("idle memory, email", statistics.median(email), "MB", _EMAIL),
        bounded("idle memory, email and SMS", statistics.median(both), "MB", _BOTH),
    ]


def _sms() -> dict[str, str]:
    return {
        "ENABLE_SMS": "true",
        "TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
        "TWILIO_AUTH_TOKEN": "0123456789abcdef" * 2,
        "TWILIO_PHONE_NUMBER": "+14155550100",
        # Nobody is sent a text message here, and nobody listens there.
        "TWILIO_API_BASE": f"http://127.0.0.1:{free_port()}",
    }


def _resident(plan: Plan, more: dict[str, str]) -> float:
    with (
        plan.place() as folder,
        counting.counting(folder) as sink,
        ours.serving(folder, sink.port, more) as (process, port),
    ):
        asyncio.run(_tell_once(port))
        sink.drained(1, _REST, 30)
        time.sleep(_REST)
        return process.memory() / _MEGABYTE


async def _tell_once(port: int) -> None:
    async with Caller(port) as caller:
        await caller.post(calls.webhook(0, port))
