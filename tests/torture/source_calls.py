"""Calls of five help desks, mutated: bodies, headers, queries, methods, paths and signatures.

Takes a seeded generator, gives cases without end. They begin as calls that the presets are held
to, each with an id and a ticket of its own. Some are mutated and then signed honestly, so that the
mapping gets garbage; some are signed and then mutated; some are no calls to a help desk any more.
"""

import copy
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from notifier.sources import definition, presets
from notifier.sources.call import Call
from notifier.sources.definition import Definition, Hmac
from tests.presets import cases, signing
from tests.torture.fuzz_calls import ANY, LITERALS, METHODS, VALUES, Case

SOURCES: dict[str, str] = {
    "github": "header x-github-delivery",
    "zammad": "header x-zammad-delivery",
    "hubspot": "body eventId",
    "zendesk_event": "body id",
    "cloudevents": "header ce-id, body id",
}
"""The presets, of different schemes and forms, and what a call of each is known by."""

_REFUSED = 401
_UNSUPPORTED = 415
_BASE = "https://notifier.example.com/webhooks"
_MEDIA = (
    b"",
    b"text/plain",
    b"application/x-www-form-urlencoded",
    b"application/json; charset=utf-16",
    b"multipart/form-data; boundary=x",
    b"application/cloudevents+json",
    b"application/cloudevents-batch+json",
    b"application/cloudevents+avro",
    b"\xff\xfe",
    b"a" * 3000,
)
_VALUES = (
    b"",
    b"0",
    b"null",
    b"\xff\xfe",
    b"%00%ff%zz",
    b'"quoted \\"twice\\""',
    b'"\\',
    b"{{ 7 * 7 }}",
    b"x" * 5000,
    "Grüße".encode(),
    b"2026-11-23T09:00:00Z",
    b"issues",
    b"1.0",
)
_QUERIES = (
    b"",
    b"a=b",
    b"=&==&&;",
    b"%ff=%fe&%00",
    b"access_token=",
    b"access_token=x&access_token=y",
    b"&".join(b"f%d=1" % number for number in range(2_000)),
    b"q=" + b"x" * 5_000,
)
_TAILS = ("", "/", "/x", "/%00", "/..", "/" + "y" * 3_000, "/a/b/c", "/%ff")
_DEPTHS = (30, 40, 200, 5_000)
_SECRET_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Desk:
    """One source as it is configured, what it is sent, and what its calls are known by."""

    name: str
    definition: Definition
    secret: str
    calls: Sequence[tuple[Call, str]]
    """Each with the id of its ticket."""

    def table(self) -> str:
        """Give its table in `notifier.toml`."""
        return (
            f'[sources.{self.name}]\npreset = "{self.name}"\nsecrets = ["{self.secret}"]\n'
            f'public_url = "{_BASE}/{self.name}"\ndesk_url = "https://desk.example.com"\n'
        )


def desks() -> list[Desk]:
    """Give the five."""
    return [_desk(name) for name in SOURCES]


def _desk(name: str) -> Desk:
    table = {"preset": name, "public_url": f"{_BASE}/{name}"}
    made = definition.read(name, table)
    secret = signing.invented(made.auth[0]).configured[:_SECRET_LENGTH]
    found = cases.load(name, presets.table(name)["about"].get("body", ""))
    return Desk(name, made, secret, [(_call(one), _ticket(one)) for one in found])


def _call(case: cases.Case) -> Call:
    return Call(headers=case.headers, body=case.body, method=case.method, query=case.query)


def _ticket(case: cases.Case) -> str:
    return next((str(event["ticket.id"]) for event in case.events), "")


class Calls:
    """An endless supply."""

    def __init__(self, chance: random.Random, found: Sequence[Desk]) -> None:
        self._chance = chance
        self._desks = found
        self._number = 0

    def __iter__(self) -> Iterator[Case]:
        makers: list[tuple[Callable[[Desk], Case], int]] = [
            (self._honest, 50),
            (self._forged, 42),
            (self._door, 6),
            (self._bytes, 2),
        ]
        kinds, weights = zip(*makers, strict=True)
        while True:
            self._number += 1
            yield self._chance.choices(kinds, weights)[0](self._chance.choice(self._desks))

    def _honest(self, desk: Desk) -> Case:
        """Mutate first and sign afterwards: it is let in, whatever it says."""
        call = self._mutated(desk, self._fresh(desk))
        may_be = {desk.definition.success}
        # An empty one says nothing.
        if any(value.strip() for value in call.header("content-encoding")):
            may_be = {_UNSUPPORTED}
        return self._case(desk, "honest", self._signed(desk, call), may_be)

    def _forged(self, desk: Desk) -> Case:
        """Sign first and mutate afterwards: it is let in only if what is signed stayed the same."""
        whole = self._signed(desk, self._fresh(desk))
        call = self._chance.choice((self._mutated, self._mutated_signature))(desk, whole)
        signs_bodies = isinstance(desk.definition.auth[0], Hmac)
        may_be = {_REFUSED}
        if call.body == whole.body or not signs_bodies:
            may_be |= {desk.definition.success, _UNSUPPORTED}
        return self._case(desk, "forged", call, may_be)

    def _door(self, desk: Desk) -> Case:
        """Come with another method, or to another address."""
        call = self._signed(desk, self._fresh(desk))
        call = replace(call, method=self._chance.choice(METHODS))
        if self._chance.random() < 0.5:
            call = replace(call, tail=self._chance.choice(_TAILS), method="POST")
        return Case("door", _raw(desk, call), ANY, alone=True, where=_where(desk))

    def _bytes(self, desk: Desk) -> Case:
        """Break bytes of the head, so that it may be no HTTP any more."""
        raw = bytearray(_raw(desk, self._signed(desk, self._fresh(desk))))
        for _ in range(self._chance.randrange(1, 6)):
            at = self._chance.randrange(min(len(raw), 300))
            raw[at : at + self._chance.randrange(3)] = self._chance.randbytes(3)
        return Case("bytes", bytes(raw), ANY, alone=True, where=_where(desk))

    def _case(self, desk: Desk, kind: str, call: Call, may_be: set[int]) -> Case:
        return Case(kind, _raw(desk, call), frozenset(may_be), where=_where(desk))

    def _signed(self, desk: Desk, call: Call) -> Call:
        now = int(time.time() * 1000)
        return signing.signed(desk.definition, [desk.secret], call, now)

    def _fresh(self, desk: Desk) -> Call:
        """Give an honest call under an id of its own, mostly about a ticket of its own."""
        call, ticket = self._chance.choice(desk.calls)
        number = f"{self._number}"
        for place in SOURCES[desk.name].split(", "):
            kind, _, name = place.partition(" ")
            if kind == "header":
                call = _with_header(call, name, number.encode())
            else:
                call = replace(call, body=_changed(call.body, _setting(name, number)))
        if ticket and self._chance.random() < 0.7:
            call = replace(call, body=_changed(call.body, _renaming(ticket, number)))
        return call

    def _mutated(self, desk: Desk, call: Call) -> Call:
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            kinds = (self._mutate_value, self._mutate_text, self._mutate_header, self._mutate_query)
            call = self._chance.choices(kinds, (45, 30, 20, 5))[0](desk, call)
        return call

    def _mutate_value(self, desk: Desk, call: Call) -> Call:
        def mutate(value: Any) -> Any:
            return mutated(value, self._chance)

        return replace(call, body=_changed(call.body, mutate))

    def _mutate_text(self, desk: Desk, call: Call) -> Call:
        body = bytearray(call.body or b"{}")
        at = self._chance.randrange(len(body))
        match self._chance.randrange(5):
            case 0:
                body[at:at] = self._chance.choice(LITERALS)
            case 1:
                del body[at : at + self._chance.randrange(1, 40)]
            case 2:
                body[at] ^= 1 << self._chance.randrange(8)
            case 3:
                body = body[:at]
            case _:
                depth = self._chance.choice(_DEPTHS)
                body = bytearray(b"[" * depth + bytes(body) + b"]" * depth)
        return replace(call, body=bytes(body))

    def _mutate_header(self, desk: Desk, call: Call) -> Call:
        headers = list(call.headers)
        match self._chance.randrange(4) if headers else 3:
            case 0:
                del headers[self._chance.randrange(len(headers))]
            case 1:
                headers.append(self._chance.choice(headers))
            case 2:
                at = self._chance.randrange(len(headers))
                headers[at] = (headers[at][0], self._chance.choice(_VALUES))
            case _:
                headers.append(self._more())
        return replace(call, headers=tuple(headers))

    def _more(self) -> tuple[bytes, bytes]:
        name = self._chance.choice((b"content-type", b"content-encoding", b"ce-id", b"ce-x", b"x"))
        if name == b"content-encoding":
            return name, self._chance.choice((b"gzip", b"br", b"x"))
        return name, self._chance.choice(_MEDIA if name == b"content-type" else _VALUES)

    def _mutate_query(self, desk: Desk, call: Call) -> Call:
        return replace(call, query=self._chance.choice(_QUERIES))

    def _mutated_signature(self, desk: Desk, call: Call) -> Call:
        """Break what authenticates: the last headers are those that signing has added."""
        headers = list(call.headers)
        at = self._chance.randrange(max(len(headers) - 2, 0), len(headers))
        name, value = headers[at]
        match self._chance.randrange(5):
            case 0:
                del headers[at]
            case 1:
                headers.append((name, value))
            case 2:
                headers[at] = (name, value[: self._chance.randrange(len(value) + 1)])
            case 3:
                headers[at] = (name, self._chance.choice(_VALUES))
            case _:
                headers[at] = (name, b" ".join([value] * 9))
        return replace(call, headers=tuple(headers))


def mutated(value: Any, chance: random.Random) -> Any:
    """Set, remove, rename or wrap one to three things anywhere in a value of JSON."""
    root = [copy.deepcopy(value)]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        place, key = chance.choice(list(_places(root)))
        match chance.randrange(6):
            case 0 if place is not root:
                del place[key]
            case 1 if isinstance(place, dict):
                place[str(chance.choice(VALUES))] = place.pop(key)
            case 2:
                place[key] = [place[key]]
            case 3:
                place[key] = {"id": place[key], "": None}
            case _:
                place[key] = copy.deepcopy(chance.choice(VALUES))
    return root[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Give every container with every key or place in it."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _changed(body: bytes, change: Callable[[Any], Any]) -> bytes:
    """Give a body whose value was changed; one that is no JSON, or too deep, stays as it is."""
    try:
        text = json.dumps(change(json.loads(body)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
    return text.encode("utf-8", "surrogatepass")


def _setting(name: str, number: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        for place, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(one, dict) and name in one:
                one[name] = f"{number}-{place}"
        return value

    return change


def _renaming(ticket: str, number: str) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        root = [value]
        for place, key in _places(root):
            if str(place[key]) == ticket and not isinstance(place[key], dict | list):
                place[key] = type(place[key])(number)
        return root[0]

    return change


def _with_header(call: Call, name: str, value: bytes) -> Call:
    key = name.encode()
    kept = tuple((one, value if one == key else old) for one, old in call.headers)
    return replace(call, headers=kept)


def _where(desk: Desk) -> str:
    return f"/webhooks/{desk.name}"


def _raw(desk: Desk, call: Call) -> bytes:
    target = f"{_where(desk)}{call.tail}".encode() + (b"?" + call.query if call.query else b"")
    lines = [
        call.method.encode() + b" " + target + b" HTTP/1.1",
        b"host: notifier.example.com",
        b"content-length: %d" % len(call.body),
        *(name + b": " + value for name, value in call.headers),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + call.body
