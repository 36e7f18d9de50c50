"""Another call from the demonstration's desk, as the page's form asks for it.

Takes the bytes of the form, posts one call. Refuses (None) what the form does not offer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from notifier.demo.desk import JOHN, MARIA, Desk

KINDS: Mapping[str, str] = {
    "ticket.assigned": "Ticket assigned",
    "ticket.created": "Ticket created",
    "again": "Last call again",
    "forged": "Wrong signature",
}
PEOPLE: Mapping[str, Mapping[str, str]] = {person["id"]: person for person in (JOHN, MARIA)}
PRIORITIES = ("critical", "high", "medium", "low")
LONGEST_TITLE = 200

_MOST_FIELDS = 10
_AGAIN = "an earlier call again"


@dataclass(frozen=True, slots=True)
class Sample:
    """What to post: one of KINDS, for one of PEOPLE, with one of PRIORITIES."""

    kind: str
    person: str
    priority: str
    title: str


def read(form: bytes) -> Sample | None:
    """Read a URL-encoded form."""
    try:
        fields = parse_qs(form.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    given = {name: texts[-1] for name, texts in fields.items()}
    sample = Sample(*(given.get(name, "") for name in ("kind", "person", "priority", "title")))
    offered = sample.kind in KINDS and sample.person in PEOPLE and sample.priority in PRIORITIES
    return sample if offered and len(sample.title) <= LONGEST_TITLE else None


async def send(desk: Desk, sample: Sample) -> None:
    """Post it; raises httpx2.HTTPError when the service does not answer."""
    earlier = next((one for one in reversed(desk.posted) if one.status < 300), None)
    if sample.kind == "again" and earlier is not None:
        await desk.repeat(earlier, _AGAIN)
        return
    kind = sample.kind if sample.kind.startswith("ticket.") else "ticket.assigned"
    event = desk.next_event(kind, sample.title, sample.priority, PEOPLE[sample.person])
    if sample.kind == "forged":
        await desk.forge(event)
    else:
        await desk.post(event)
