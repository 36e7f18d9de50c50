"""Events: what a help desk said, normalised, and the facts a message may be made of.

Takes values that a source has read, gives frozen events and their stored text form.
Refuses nothing: a source has already checked what it built these from.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from notifier.model import json_text, times
from notifier.model.times import Instant
from notifier.model.values import value

TICKET_TYPES = frozenset(
    f"ticket.{verb}"
    for verb in (
        "created",
        "assigned",
        "unassigned",
        "updated",
        "commented",
        "resolved",
        "reopened",
        "closed",
        "escalated",
        "sla_warning",
        "sla_breached",
    )
)
"""The types a plan is made for; any other `ticket.*` is kept as ignored."""

TEST_TYPE = "test.message"
"""The type of the internal event that a test message is made from."""

_KNOWN = TICKET_TYPES | {TEST_TYPE}

EventStatus = Literal["accepted", "ignored", "unmapped", "replayed"]
"""The last two are those of calls that no event could be made of, before and after they were read
again."""


class Priority(StrEnum):
    """How much a ticket matters; `rank` 0 is the most urgent."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Give 0 for critical up to 3 for low."""
        return _RANKS[self]

    @staticmethod
    def ranked(rank: int) -> "Priority":
        """Give the priority with this rank."""
        return _BY_RANK[rank]


_BY_RANK = tuple(Priority)
_RANKS = {priority: rank for rank, priority in enumerate(_BY_RANK)}
CRITICAL_RANK = Priority.CRITICAL.rank


@value
class Party:
    """Somebody named by an event: assignee, requester or actor. All text is as it was given.

    `id` and `login` are the help desk's own names for the person.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    login: str | None = None


@value
class Ticket:
    """A ticket as one event described it. `version` is an integer or RFC 3339 text."""

    id: str
    title: str
    number: str
    priority: Priority = Priority.MEDIUM
    status: str | None = None
    category: str | None = None
    url: str | None = None
    version: int | str | None = None


@value
class Event:
    """One normalised fact about one ticket."""

    source: str
    webhook_id: str
    type: str
    occurred_at: Instant
    ticket: Ticket
    assignee: Party | None = None
    requester: Party | None = None
    actor: Party | None = None

    @property
    def known(self) -> bool:
        """Tell whether a plan is made for this type."""
        return self.type in _KNOWN


def same_party(one: Party | None, other: Party | None) -> bool:
    """Tell whether both name one person: the same id in the source, else email, else login."""
    if one is None or other is None:
        return False
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.email is not None and other.email is not None:
        return one.email.casefold() == other.email.casefold()
    if one.login is not None and other.login is not None:
        return one.login == other.login
    return one.phone is not None and one.phone == other.phone


def version_order(version: int | str | None) -> tuple[str, int] | None:
    """Give (kind, value) by which versions of one kind compare, or None when there is none."""
    if version is None:
        return None
    if isinstance(version, int):
        return ("number", version)
    return ("time", times.from_text(version))


def to_facts(event: Event) -> str:
    """Write what the store keeps of an event as JSON text; absent values are left out."""
    facts = {"ticket": _present(ticket_facts(event.ticket))}
    for role, party in (
        ("assignee", event.assignee),
        ("requester", event.requester),
        ("actor", event.actor),
    ):
        if party is not None:
            facts[role] = _present(_party_facts(party))
    return json_text.written(facts)


Facts = dict[str, str | int | None]


def _present(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if value is not None}


def ticket_facts(ticket: Ticket) -> Facts:
    """Give a ticket as the mapping that is stored."""
    return {
        "id": ticket.id,
        "title": ticket.title,
        "number": ticket.number,
        # Python looks `value` up anew each time, at the price of the rest of this.
        "priority": str(ticket.priority),
        "status": ticket.status,
        "category": ticket.category,
        "url": ticket.url,
        "version": ticket.version,
    }


def party_facts(party: Party | None) -> Facts | None:
    """Give a party as the mapping that is stored."""
    return None if party is None else _party_facts(party)


def _party_facts(party: Party) -> Facts:
    return {
        "id": party.id,
        "name": party.name,
        "email": party.email,
        "phone": party.phone,
        "locale": party.locale,
        "time_zone": party.time_zone,
        "login": party.login,
    }


def from_facts(head: tuple[str, str, str, Instant], facts: str) -> Event:
    """Read back an event; `head` is its source, webhook id, type and occurred_at."""
    kept: Mapping[str, Any] = json.loads(facts)
    ticket = dict(kept["ticket"])
    ticket["priority"] = Priority(ticket["priority"])
    return Event(
        *head,
        ticket=Ticket(**ticket),
        assignee=party_from(kept.get("assignee")),
        requester=party_from(kept.get("requester")),
        actor=party_from(kept.get("actor")),
    )


def party_from(kept: Mapping[str, str | None] | None) -> Party | None:
    """Read back a party from its stored mapping."""
    return Party(**kept) if kept else None
