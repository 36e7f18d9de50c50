"""What Twilio's answers mean: the error table as data, and its reading.

Takes a status, headers and a body, gives an Answer or the DeliveryError that it amounts to.
Refuses nothing: what is not understood falls back to what the HTTP status says.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Evidence,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.reasons import Reason
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis

_SIGN_IN_HOLD: Millis = 15 * MINUTE
_LONGEST_REPLY = 200
_CODES_END = 10_000_000

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")
_DIGITS = re.compile(r"[0-9]{1,9}")


class Meaning(Enum):
    """What a refusal says about the message, the address or the account."""

    LATER = auto()
    REFUSED = auto()
    UNREACHABLE = auto()
    DOWN = auto()
    AMBIGUOUS = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; `wait` is the least wait of LATER and the hold of DOWN."""

    meaning: Meaning
    reason: Reason
    wait: Millis | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said: `code` is Twilio's own, `sid` names what was made or read."""

    status: int
    code: int | None
    sid: str | None
    text: str | None
    retry_after: Millis | None
    remote: str

    @property
    def made(self) -> bool:
        """Tell whether a POST made something: 201 says so itself, another 2xx only by a SID."""
        return self.status == 201 or (200 <= self.status < 300 and self.sid is not None)


_LATER = Rule(Meaning.LATER, Reason.RETRIES_EXHAUSTED)
_REFUSED = Rule(Meaning.REFUSED, Reason.REJECTED)
_EXPIRED = Rule(Meaning.REFUSED, Reason.EXPIRED)
_BAD_NUMBER = Rule(Meaning.UNREACHABLE, Reason.BAD_ADDRESS)
_BLOCKED = Rule(Meaning.UNREACHABLE, Reason.REJECTED)
_DOWN = Rule(Meaning.DOWN, Reason.RETRIES_EXHAUSTED)
_SIGN_IN = Rule(Meaning.DOWN, Reason.RETRIES_EXHAUSTED, _SIGN_IN_HOLD)
_AMBIGUOUS = Rule(Meaning.AMBIGUOUS, Reason.OUTCOME_UNKNOWN)


def _later(wait: Millis) -> Rule:
    return Rule(Meaning.LATER, Reason.RETRIES_EXHAUSTED, wait)


RULES: Mapping[int, Rule] = {
    # Too much, or the network's trouble: it was not taken and may go later.
    20429: _LATER,
    21611: _later(5 * MINUTE),
    30001: _later(10 * MINUTE),
    30003: _later(30 * MINUTE),
    30008: _later(MINUTE),
    30017: _later(MINUTE),
    30022: _later(MINUTE),
    30023: _later(HOUR),
    30450: _later(30 * MINUTE),
    30610: _later(30 * MINUTE),
    63038: _later(HOUR),
    # The number.
    21211: _BAD_NUMBER,
    21421: _BAD_NUMBER,
    21614: _BAD_NUMBER,
    21635: _BAD_NUMBER,
    30005: _BAD_NUMBER,
    30006: _BAD_NUMBER,
    30004: _BLOCKED,
    30640: _BLOCKED,
    21610: Rule(Meaning.REFUSED, Reason.OPTED_OUT),
    # The sender may not write to this number or country; other recipients are not concerned,
    # so these must not open the breaker.
    21408: _REFUSED,
    21606: _REFUSED,
    21608: _REFUSED,
    21612: _REFUSED,
    572005: _REFUSED,
    # The message.
    21602: _REFUSED,
    21603: _REFUSED,
    21604: _REFUSED,
    21617: _REFUSED,
    21619: _REFUSED,
    21624: _REFUSED,
    21658: _REFUSED,
    30007: _REFUSED,
    90007: _REFUSED,
    30012: _EXPIRED,
    30036: _EXPIRED,
    # The account, the sender or the settings.
    20003: _SIGN_IN,
    10001: _DOWN,
    20005: _DOWN,
    20404: _DOWN,
    21212: _DOWN,
    21401: _DOWN,
    21601: _DOWN,
    21609: _DOWN,
    21660: _DOWN,
    21661: _DOWN,
    21703: _DOWN,
    21704: _DOWN,
    21705: _DOWN,
    30002: _DOWN,
    30010: _DOWN,
    30018: _DOWN,
    30024: _DOWN,
    30032: _DOWN,
    30034: _DOWN,
    30035: _DOWN,
    # Perhaps taken.
    20500: _AMBIGUOUS,
    20503: _AMBIGUOUS,
    20504: _AMBIGUOUS,
    30021: _AMBIGUOUS,
    30410: _AMBIGUOUS,
    30500: _AMBIGUOUS,
}
"""Twilio's code to its row, https://www.twilio.com/docs/api/errors; the rest goes by status."""

# Without a code of Twilio's it was not the Messages API that spoke: a wrong endpoint or a wall.
_WITHOUT_CODE: Mapping[int, Rule] = {403: _DOWN, 404: _DOWN}


def read(status: int, headers: Mapping[str, str], body: str, remote: str) -> Answer:
    """Read an answer; whatever in it is not as it should be counts as absent."""
    found = fields(body)
    code, sid = found.get("code"), found.get("sid")
    words = (found.get(name) for name in ("message", "detail", "title", "status"))
    return Answer(
        status=status,
        code=code if type(code) is int and 0 < code < _CODES_END else None,
        sid=sid if isinstance(sid, str) and _SID.fullmatch(sid) else None,
        text=next((clean(word) for word in words if isinstance(word, str)), None),
        retry_after=_wait(headers.get("retry-after", ""), headers.get("date", "")),
        remote=remote,
    )


def refusal(answer: Answer) -> DeliveryError:
    """Give the error that an answer amounts to which is not a success."""
    rule = _rule(answer)
    evidence = Evidence(
        "response",
        code=answer.status,
        enhanced_code=None if answer.code is None else str(answer.code),
        reply=answer.text,
        remote=answer.remote,
    )
    match rule.meaning:
        case Meaning.LATER:
            waits = [wait for wait in (rule.wait, answer.retry_after) if wait is not None]
            return Transient(rule.reason, evidence, max(waits, default=None))
        case Meaning.REFUSED:
            return Permanent(rule.reason, evidence)
        case Meaning.UNREACHABLE:
            return Unreachable(rule.reason, evidence)
        case Meaning.DOWN:
            return ChannelDown(rule.reason, evidence, rule.wait)
        case _:
            return Unknown(rule.reason, evidence)


def clean(text: str) -> str:
    """Make foreign words fit to keep: one short printable line without phone numbers."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return _NUMBER.sub("[number]", line)[:_LONGEST_REPLY]


def _rule(answer: Answer) -> Rule:
    known = RULES.get(answer.code) if answer.code is not None else _WITHOUT_CODE.get(answer.status)
    match answer.status:
        case 429:
            # Never processed, whatever the code; but the code may know how long it takes.
            return known if known and known.meaning is Meaning.LATER else _LATER
        case 401:
            return _SIGN_IN
        case status if 300 <= status < 400:
            return _DOWN
        case status if 400 <= status < 500:
            return known or _REFUSED
        case _:
            return _AMBIGUOUS


def fields(body: str) -> Mapping[str, object]:
    """Give the fields of a JSON object; none when it is something else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _wait(value: str, date: str) -> Millis | None:
    if _DIGITS.fullmatch(value):
        return min(int(value) * SECOND, DAY)
    try:
        # Counted from the server's own clock, so that ours may be wrong.
        gap = parsedate_to_datetime(value) - parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(round(gap.total_seconds()) * SECOND, 0), DAY)
