"""Calls that nobody honest makes: events, JSON, signatures, headers, addresses and bytes, mutated.

Takes a seeded generator, gives cases without end. Each says what may be answered; nothing of it
may ever be a 5xx.
"""

import base64
import copy
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from notifier.sources.signatures import sign
from tests.service import SECRET, TOKEN, assigned

REFUSED_OR_TAKEN = frozenset({200, 202, 400, 409, 413, 415, 422})
UNSIGNED = frozenset({401})
ANY = frozenset(range(100, 500))

TEXTS = (
    "",
    " ",
    "x" * 1001,
    "\x00",
    "a\r\nBcc: mallory@example.com",
    "\u202egnp.exe\u202c",
    "\ud83d",
    "😀" * 300,
    "e\u0301" * 500,
    "\u2028\u2029\x85",
    "{{ 7 * 7 }}{% for x in range(10**9) %}",
    "<script>alert(1)</script>",
    "' OR 1=1; --",
    "javascript:alert(1)",
    "https://desk.example.com/\r\nX: y",
    "2026-11-23T09:00:00Z",
    "9999-12-31T23:59:60+99:99",
    "0000-00-00T00:00:00Z",
    "-1",
    "1e999",
    "John <john@example.com>, jane@example.com",
    "a@" + "b" * 300 + ".example.com",
    "postmaster@[127.0.0.1]",
    "üser@exämple.com",
    "+14155550199",
    "00000000000000000000",
    "critical",
    "ticket.assigned",
    "ticket.\u0000",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    -0.0,
    [],
    {},
    [[]],
    [1, "2", None],
    {"id": "7", "email": "john@example.com"},
    {"": {"": {"": ""}}},
    *TEXTS,
)
LITERALS = (
    b"NaN",
    b"Infinity",
    b"1e999",
    b"9" * 5000,
    b"[" * 5000,
    b'{"a":1,"a":2}',
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\x00",
    b'"\\ud800"',
    b'"\\u0000"',
    b"\\",
    b'"',
    b"}",
    b",",
    b"//",
)
METHODS = ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "POST", "FOO")
_PATHS = (
    "/webhooks/nobody",
    "/webhooks/",
    "/webhooks/%00",
    "/webhooks/../v1/events",
    "/webhooks?" + "x" * 3000,
    "/v1/events/evt_zzz",
    "/v1/deliveries/" + "9" * 300,
    "/openapi.yaml",
    "/health/live",
    "/health/ready",
    "/%ff%fe",
    "//",
    "/" + "a/" * 500,
    "*",
)
_HEADERS = (
    "content-type: text/plain",
    "content-type: application/json; charset=utf-16",
    "content-type:",
    "content-encoding: gzip",
    "content-encoding: identity",
    "expect: 100-continue",
    "connection: upgrade",
    "upgrade: websocket",
    "x-forwarded-for: 127.0.0.1",
    "host: " + "h" * 3000,
    "traceparent: 00-zz-zz-01",
    "webhook-id: another",
    "x" * 200 + ": y",
    "range: bytes=0-1",
)
_PARAMETERS = ("limit", "cursor", "state", "recipient", "channel", "ticket", "since", "until", "no")
_QUERY = ("", "0", "-1", "201", "abc", "9" * 40, "sent", "%00", "%ff", "2026-11-23T09:00:00Z", "☃")


@dataclass(frozen=True, slots=True)
class Case:
    """One call to `where`. `alone`: what follows it on its connection is not to be trusted."""

    kind: str
    raw: bytes
    may_be: frozenset[int]
    alone: bool = False
    where: str = "/webhooks"


class Calls:
    """An endless supply."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._number = 0

    def __iter__(self) -> Iterator[Case]:
        makers: list[tuple[Callable[[], Case], int]] = [
            (self._event, 35),
            (self._json, 22),
            (self._signature, 22),
            (self._header, 10),
            (self._address, 4),
            (self._query, 5),
            (self._bytes, 2),
        ]
        kinds, weights = zip(*makers, strict=True)
        while True:
            self._number += 1
            yield self._chance.choices(kinds, weights)[0]()

    def _key(self) -> str:
        # One in twenty is used again, with another body.
        back = self._chance.randrange(1, 50) if self._chance.random() < 0.05 else 0
        return f"fuzz-{max(self._number - back, 0)}"

    def _event(self) -> Case:
        event = mutated(self._whole(), self._chance)
        body = json.dumps(event, ensure_ascii=self._chance.random() < 0.7)
        return Case("event", self._signed(body.encode("utf-8", "surrogatepass")), REFUSED_OR_TAKEN)

    def _json(self) -> Case:
        body = bytearray(json.dumps(self._whole()).encode())
        for _ in range(self._chance.randrange(1, 4)):
            at = self._chance.randrange(len(body) + 1)
            match self._chance.randrange(4):
                case 0:
                    body[at:at] = self._chance.choice(LITERALS)
                case 1:
                    del body[at : at + self._chance.randrange(1, 40)]
                case 2:
                    body[at : at + 1] = bytes([self._chance.randrange(256)])
                case _:
                    body = body[:at] or bytearray(b"{")
        return Case("json", self._signed(bytes(body)), REFUSED_OR_TAKEN)

    def _signature(self) -> Case:
        key, now = self._key(), int(time.time())
        body = json.dumps(self._whole()).encode()
        good = sign(SECRET, key, now, body)
        forged = base64.b64encode(self._chance.randbytes(32)).decode()
        headers = {"webhook-id": key, "webhook-timestamp": str(now), "webhook-signature": good}
        broken = {
            "webhook-id": ("", "x" * 256, "é", key + ".", "a b", f"{key} "),
            "webhook-timestamp": ("", "nan", f"{now}.0", f" {now + 1}", "1_0", "-1", "9" * 20, "0"),
            "webhook-signature": (
                "",
                "v1",
                good[3:],
                good.replace("v1,", "v1a,"),
                good.replace(",", ",,"),
                f"v1,{forged}",
                good[:-2],
                " ".join([f"v1,{forged}"] * 9),
                f"none,{forged} sha1,{forged}",
                "v1,\xff\xfe",
                f"v2,{good[3:]}",
                "v1," + "A" * 5000,
            ),
        }
        name = self._chance.choice(list(broken))
        if self._chance.random() < 0.1:
            del headers[name]
        else:
            headers[name] = self._chance.choice(broken[name])
        # A space at the end belongs to no value (RFC 9110, 5.5); parsers differ in that.
        padded = headers.get(name, "").strip() == key
        may_be = UNSIGNED | REFUSED_OR_TAKEN if padded else UNSIGNED
        return Case("signature", _request(headers, body), may_be)

    def _header(self) -> Case:
        more = self._chance.sample(_HEADERS, self._chance.randrange(1, 4))
        raw = self._signed(json.dumps(self._whole()).encode())
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        lines[1:1] = more
        return Case("header", "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, ANY, True)

    def _address(self) -> Case:
        method, path = self._chance.choice(METHODS), self._chance.choice(_PATHS)
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: notifier.example.com\r\ncontent-length: 0\r\n\r\n"
        )
        return Case("address", head.encode("latin-1"), ANY, True)

    def _query(self) -> Case:
        path = self._chance.choice(("/v1/events", "/v1/deliveries"))
        pairs = [
            f"{self._chance.choice(_PARAMETERS)}={self._chance.choice(_QUERY)}"
            for _ in range(self._chance.randrange(4))
        ]
        token = self._chance.choice((TOKEN, TOKEN, TOKEN, "", "x" * 500))
        head = (
            f"GET {path}?{'&'.join(pairs)} HTTP/1.1\r\nhost: notifier.example.com\r\n"
            f"authorization: Bearer {token}\r\n\r\n"
        )
        return Case("query", head.encode(), ANY, True)

    def _bytes(self) -> Case:
        raw = bytearray(self._signed(json.dumps(self._whole()).encode()))
        for _ in range(self._chance.randrange(1, 6)):
            at = self._chance.randrange(min(len(raw), 300))
            raw[at : at + self._chance.randrange(3)] = self._chance.randbytes(
                self._chance.randrange(4)
            )
        return Case("bytes", bytes(raw), ANY, True)

    def _signed(self, body: bytes) -> bytes:
        key, now = self._key(), int(time.time())
        headers = {
            "webhook-id": key,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(SECRET, key, now, body),
        }
        return _request(headers, body)

    def _whole(self) -> dict[str, Any]:
        number = self._chance.randrange(10_000)
        event = assigned(number, f"p{number % 500}@example.com", version=self._number)
        event["data"]["requester"] = {"id": "9", "name": "Jane Doe", "email": "jane@example.com"}
        return event


def mutated(event: dict[str, Any], chance: random.Random) -> Any:
    """Set, remove or rename one to three fields somewhere in an event."""
    changed = copy.deepcopy(event)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place: Any = changed
        while True:
            inner = [value for value in place.values() if isinstance(value, dict) and value]
            if not inner or chance.random() < 0.3:
                break
            place = chance.choice(inner)
        name = chance.choice(list(place) or ["data"])
        match chance.randrange(6):
            case 0:
                place.pop(name, None)
            case 1:
                place[chance.choice(TEXTS)] = place.pop(name, None)
            case _:
                place[name] = chance.choice(VALUES)
    return changed


def _request(headers: dict[str, str], body: bytes) -> bytes:
    lines = [
        "POST /webhooks HTTP/1.1",
        "host: notifier.example.com",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
