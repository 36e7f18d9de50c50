"""The calls that a preset is held to: `cases/PRESET/CASE.toml`, made by us in the vendor's shape.

Takes files, gives cases. Refuses (ValueError) a key that no case has, and a case without a body.
A file looks like this; only `about` and one of `body` and `fill` must be there:

    about = "An agent gives the ticket to John"
    status = "mapped"              # mapped | ignored | unmapped
    now = "2026-11-23T09:00:00Z"   # when the call is signed and arrives; this is the default
    method = "POST"
    url = "https://…"              # laid over the preset as public_url, where the address is signed
    query = "a=b"
    body = '''{…}'''               # as it is sent; or, where the administrator pastes a body:
    [fill]                         # the body is about.body of the preset, each key of this table
    "$this->id$" = "81"            # replaced by its value, as the help desk does it
    [headers]                      # without those that authenticate: these are added by the auth
    x-desk-delivery = "…"          # of the preset
    [settings]                     # keys laid over the preset
    desk_url = "https://desk.example.com"
    [prev]                         # what was known: ticket, assignee, requester, actor,
    closed = false                 # closed, and the type of the last event
    assignee = { id = "7" }
    [[events]]                     # exactly these, in order
    type = "ticket.assigned"
    "ticket.id" = "81"             # every key is asserted: type, ticket.*, assignee.*, actor.*, …
    "assignee.email" = ""          # "" is: not there
    requester = ""                 # nobody
    occurred_at = "2026-11-23T08:59:58.000Z"
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifier.model import times
from notifier.model.plans import Snapshot
from notifier.model.times import Instant
from notifier.sources.definition import FIELDS, PARTIES

FOLDER = Path(__file__).with_name("cases")
STATUSES = ("mapped", "ignored", "unmapped")

_NOW = "2026-11-23T09:00:00Z"
_KEYS = {
    "about": str,
    "status": str,
    "now": str,
    "method": str,
    "url": str,
    "query": str,
    "body": str,
    "fill": dict,
    "headers": dict,
    "settings": dict,
    "prev": dict,
    "events": list,
}
_KNOWN = ("ticket", *PARTIES, "closed", "type")
_ASSERTED = FIELDS | {"type", *PARTIES}
_UNFILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|\$[A-Za-z][\w.]*(?:->[^$\s]+)?\$?|<#|%\{")


@dataclass(frozen=True, slots=True)
class Case:
    """One call and what it must be read as; `prev` None when nothing was known of the ticket."""

    preset: str
    name: str
    about: str
    status: str
    now: Instant
    method: str
    query: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    settings: Mapping[str, Any]
    prev: Snapshot | None
    events: tuple[Mapping[str, Any], ...]
    filled: bool
    """Whether the body is the one that the page of the preset tells to paste."""


def load(preset: str, paste: str) -> list[Case]:
    """Give the cases of a preset by name; `paste` is the body that its page tells to paste."""
    return [
        read(preset, path.stem, path.read_text(encoding="utf-8"), paste)
        for path in sorted((FOLDER / preset).glob("*.toml"))
    ]


def read(preset: str, name: str, text: str, paste: str) -> Case:
    """Read one case; raises ValueError that says which file, and what is wrong with it."""
    table = tomllib.loads(text)
    wrong = [
        *_wrong_keys(table),
        *_wrong_values(table, paste),
        *(line for event in table.get("events", []) for line in _wrong_event(event)),
    ]
    if wrong:
        raise ValueError(f"cases/{preset}/{name}.toml: {'; '.join(wrong)}")
    settings = dict(table.get("settings", {}))
    if "url" in table:
        settings["public_url"] = table["url"]
    return Case(
        preset=preset,
        name=name,
        about=table["about"],
        status=table.get("status", "mapped"),
        now=times.from_text(table.get("now", _NOW)),
        method=table.get("method", "POST"),
        query=table.get("query", "").encode(),
        body=_body(table, paste).encode(),
        headers=tuple(
            (key.lower().encode(), str(one).encode())
            for key, one in table.get("headers", {}).items()
        ),
        settings=settings,
        prev=_snapshot(table["prev"]) if "prev" in table else None,
        events=tuple(table.get("events", [])),
        filled="fill" in table,
    )


def _wrong_keys(table: Mapping[str, Any]) -> list[str]:
    wrong = [f"{key} is no key of a case" for key in table.keys() - _KEYS.keys()]
    wrong += [
        f"{key} must be a {_KEYS[key].__name__}"
        for key in table.keys() & _KEYS.keys()
        if not isinstance(table[key], _KEYS[key])
    ]
    wrong += [
        f"prev.{key} is not known of a ticket" for key in table.get("prev", {}) if key not in _KNOWN
    ]
    return wrong


def _wrong_values(table: Mapping[str, Any], paste: str) -> list[str]:
    status = table.get("status", "mapped")
    wrong = []
    if not table.get("about"):
        wrong.append("about is missing")
    if status not in STATUSES:
        wrong.append(f"status must be one of {', '.join(STATUSES)}")
    if (status == "mapped") != bool(table.get("events")):
        wrong.append("a mapped case has events, and only it")
    if ("body" in table) == ("fill" in table):
        wrong.append("there must be a body or a fill")
    wrong += [
        f"{key} does not stand in about.body" for key in table.get("fill", {}) if key not in paste
    ]
    nothing = {"fill": dict.fromkeys(table.get("fill", {}), "")}
    if "fill" in table and (left := _UNFILLED.search(_body(nothing, paste))):
        wrong.append(f"{left[0]} of about.body is not filled")
    return wrong


def _wrong_event(event: Mapping[str, Any]) -> list[str]:
    wrong = [f"events: {key} is no field" for key in event.keys() - _ASSERTED]
    wrong += [
        f"events: {key} can only be asserted to be nobody, with an empty text"
        for key in event.keys() & set(PARTIES)
        if event[key] != ""
    ]
    if "type" not in event or "ticket.id" not in event:
        wrong.append("events: type and ticket.id must be given")
    return wrong


def _body(table: Mapping[str, Any], paste: str) -> str:
    if "fill" not in table:
        return str(table.get("body", ""))
    # The longest first: one placeholder may begin another; and at once, so that no value is filled.
    keys = sorted(table["fill"], key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, keys))) if keys else re.compile(r"(?!)")
    return found.sub(lambda match: str(table["fill"][match[0]]), paste)


def _snapshot(known: Mapping[str, Any]) -> Snapshot:
    nothing: dict[str, Any] = dict.fromkeys(PARTIES)
    return {"ticket": {}, "closed": False, "type": "ticket.updated", **nothing, **known}
