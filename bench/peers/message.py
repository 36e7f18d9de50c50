"""The mail that the peers send: the words of ours, made with the standard library.

Takes the body of a webhook, gives an EmailMessage. Refuses nothing.
"""

import json
from email.message import EmailMessage
from pathlib import Path
from typing import Any

SMTP_HOST = "127.0.0.1"

_FOLDER = Path.cwd()
_TEXT = (_FOLDER / "mail.txt").read_text(encoding="utf-8")
_HTML = (_FOLDER / "mail.html").read_text(encoding="utf-8")


def facts(body: bytes) -> dict[str, Any]:
    """Give what the mail says of an event."""
    data = json.loads(body)["data"]
    ticket = data["ticket"]
    return {
        "to": data["assignee"]["email"],
        "number": ticket["number"],
        "title": ticket["title"],
        "priority": ticket["priority"].upper(),
        "name": data["assignee"]["name"],
        "by": data["actor"]["name"],
        "link": ticket["url"],
    }


def subject(said: dict[str, Any]) -> str:
    """Give the subject."""
    return f"New Ticket Assigned: #{said['number']} - {said['title']}"


def fill(page: str, said: dict[str, Any]) -> str:
    """Put the facts in their places."""
    for name, value in said.items():
        page = page.replace(f"@@{name}@@", value)
    return page


def html(said: dict[str, Any]) -> str:
    """Give the HTML part."""
    return fill(_HTML, said)


def message(said: dict[str, Any]) -> EmailMessage:
    """Give the whole mail."""
    made = EmailMessage()
    made["From"] = "IT Help Desk System <desk@example.com>"
    made["To"] = said["to"]
    made["Subject"] = subject(said)
    made.set_content(fill(_TEXT, said))
    made.add_alternative(html(said), subtype="html")
    return made
