"""The part of Twilio's Messages API that a send and a probe need; it sends nothing.

Takes HTTP/1.1 with a Content-Length, gives each text message to `keep` and answers as Twilio
does. Refuses calls without a sign-in, other addresses, and bodies that are too large.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import parse_qs

KeepSms = Callable[[str, str, str], Awaitable[int | None]]
"""Keeps a text for a number under a sid; gives its segments, or None when there is no room."""

LONGEST_HEAD = 16 * 1024
_LARGEST_BODY = 64 * 1024

_PATH = re.compile(r"/2010-04-01/Accounts/(?P<account>AC\w{1,64})(?P<messages>/Messages)?\.json")
_REQUEST = re.compile(r"(?P<method>[A-Z]{1,10}) (?P<path>/[^\s?]*)(?:\?\S*)? HTTP/1\.1")

Answer = tuple[int, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class TwilioCatcher:
    """Answers one call after the other on each connection."""

    def __init__(self, keep: KeepSms) -> None:
        """`keep` is called once for each message that is taken."""
        self._keep = keep

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until a call cannot be read or the other side hangs up."""
        while call := await _read(reader):
            writer.write(_written(await self._answer(call)))
            await writer.drain()
        writer.write(_written(_problem(400, 20001, "This is not a call that can be read")))
        await writer.drain()

    async def _answer(self, call: _Call) -> Answer:
        found = _PATH.fullmatch(call.path)
        if found is None:
            return _problem(404, 20404, f"The requested resource {call.path} was not found")
        if not call.headers.get("authorization", "").startswith("Basic "):
            return _problem(401, 20003, "Authenticate")
        match call.method, found["messages"]:
            case "GET", None:
                return 200, {"sid": found["account"], "status": "active", "type": "Full"}
            case "GET", _:
                return 200, {"messages": [], "page": 0, "page_size": 1}
            case "POST", "/Messages":
                return await self._create(found["account"], call.body)
            case _:
                return _problem(405, 20004, "Method not allowed")

    async def _create(self, account: str, body: bytes) -> Answer:
        form = {
            name: texts[-1] for name, texts in parse_qs(body.decode("utf-8", "replace")).items()
        }
        for name, code in (("To", 21604), ("Body", 21602)):
            if name not in form:
                return _problem(400, code, f"A '{name}' is required")
        if "From" not in form and "MessagingServiceSid" not in form:
            return _problem(400, 21603, "A 'From' or 'MessagingServiceSid' is required")
        sid = f"SM{secrets.token_hex(16)}"
        segments = await self._keep(form["To"], form["Body"], sid)
        if segments is None:
            return _problem(429, 20429, "Too Many Requests")
        return 201, {**_message(account, form, sid), "num_segments": str(segments)}


def _message(account: str, form: Mapping[str, str], sid: str) -> Mapping[str, object]:
    return {
        "sid": sid,
        "account_sid": account,
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "from": form.get("From"),
        "to": form["To"],
        "body": form["Body"],
        "status": "queued",
        "direction": "outbound-api",
        "date_created": format_datetime(datetime.now(UTC)),
        "error_code": None,
        "error_message": None,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
    }


def _problem(status: int, code: int, message: str) -> Answer:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": message, "more_info": more, "status": status}


def _written(answer: Answer) -> bytes:
    status, content = answer
    body = json.dumps(content).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read(reader: asyncio.StreamReader) -> _Call | None:
    """Read one call; None when it is not one, or too large."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    request, length = _REQUEST.fullmatch(first), headers.get("content-length", "0")
    if request is None or not re.fullmatch(r"[0-9]{1,6}", length) or int(length) > _LARGEST_BODY:
        return None
    body = await reader.readexactly(int(length))
    return _Call(request["method"], request["path"], headers, body)
