"""What the peers' mails say: our own message, with places for the facts.

Takes nothing, gives text and HTML with `@@name@@` where a fact stands. Refuses nothing.
"""

from pathlib import Path

from notifier.model import events
from notifier.model.deliveries import Batch, Member
from notifier.model.events import Event, Party, Priority, Ticket
from notifier.model.messages import Email, Medium
from notifier.rendering.renderer import Renderer
from notifier.rendering.style import Style

_FACTS = {
    "number": "4242424242",
    "title": "Title of the Ticket",
    "priority": "CRITICAL",
    "name": "Name of the Technician",
    "by": "Name of the Actor",
    "link": "https://desk.example.com/tickets/of-the-page",
}


def pages() -> dict[str, str]:
    """Give `mail.txt` and `mail.html`."""
    mail = Renderer(_style()).render(_batch(), Medium.EMAIL)
    assert isinstance(mail, Email)  # noqa: S101 - the medium says so
    return {"mail.txt": _with_places(mail.text), "mail.html": _with_places(mail.html)}


def write(folder: Path) -> None:
    """Put the pages into a folder."""
    for name, page in pages().items():
        (folder / name).write_text(page, encoding="utf-8")


def _with_places(page: str) -> str:
    for name, value in _FACTS.items():
        page = page.replace(value, f"@@{name}@@")
    return page


def _style() -> Style:
    return Style("desk@example.com", "IT Help Desk System", None, None, frozenset(), 1, {})


def _batch() -> Batch:
    ticket = Ticket(
        _FACTS["number"],
        _FACTS["title"],
        _FACTS["number"],
        Priority.CRITICAL,
        "open",
        "Hardware",
        url=_FACTS["link"],
    )
    head = ("default", "page", "ticket.assigned", 0)
    event = Event(*head, ticket, Party("7", _FACTS["name"]), None, Party("1", _FACTS["by"]))
    member = Member(1, 1, 1, ticket.number, 0, _FACTS["name"], 1, head, events.to_facts(event))
    return Batch(
        id=1,
        fence=1,
        channel="email",
        address="john@example.com",
        rank=0,
        attempts=0,
        first_at=0,
        recipe="",
        was_unknown=False,
        stored=None,
        members=(member,),
    )
