"""What the demonstration shows: as text for a person, as one document for a program.

Takes what was posted and what was caught. Refuses nothing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from notifier.demo.catcher import CaughtMail, CaughtSms
from notifier.demo.desk import Posted
from notifier.demo.story import Stage

_LINE = 100


def document(stage: Stage) -> dict[str, Any]:
    """Give everything as values that JSON can hold."""
    return {
        "events": [
            {
                "webhook_id": one.webhook_id,
                "type": one.body["type"],
                "ticket": one.body["data"]["ticket"]["number"],
                "http_status": one.status,
                "answer": one.answer,
            }
            for one in stage.posted
        ],
        "emails": [
            {"to": mail.to, "subject": mail.subject, "text": mail.text, "html": mail.html}
            for mail in stage.catcher.mails
        ],
        "sms": [
            {"to": sms.to, "body": sms.body, "segments": sms.segments} for sms in stage.catcher.sms
        ],
    }


def text(stage: Stage) -> str:
    """Give the story as lines of text."""
    mails, texts = stage.catcher.mails, stage.catcher.sms
    return "\n".join(
        [
            "What went in, as signed webhooks over HTTP:",
            *map(_posted, stage.posted),
            "",
            f"What came out: {len(mails)} mails",
            *map(_mail, mails),
            f"and {len(texts)} text messages",
            *map(_sms, texts),
            "",
            "The first mail and the last one, as they arrived:",
            *_whole(mails),
            "",
            "Next, with settings of your own:",
            "  notifier init",
            "  notifier serve",
            "  notifier emit ticket.assigned --to YOUR-ADDRESS",
        ]
    )


def goes_on(stage: Stage, page: str) -> str:
    """Say how to look at what came while the service goes on; `page` is the inbox's address."""
    return (
        f"\nThe inbox, with every message and how it came there:\n"
        f"  {page}\n"
        f"The service goes on until Ctrl-C. Its history:\n"
        f"  curl -H 'Authorization: Bearer {stage.token}' {stage.url}/v1/deliveries"
    )


def _posted(one: Posted) -> str:
    ticket, assignee = one.body["data"]["ticket"], one.body["data"]["assignee"]
    said = one.answer.get("status") if one.status < 400 else "refused"
    line = f"  {one.status} {said:<9} {one.body['type']:<15} #{ticket['number']} "
    line += f"{ticket['title']} ({ticket['priority']}) for {assignee['name']}"
    return line + (f" - {one.remark}" if one.remark else "")


def _mail(mail: CaughtMail) -> str:
    return f"  {mail.to:<18} {mail.subject}"[:_LINE]


def _sms(sms: CaughtSms) -> str:
    return f"  {sms.to:<18} {sms.body}"[:_LINE]


def _whole(mails: Sequence[CaughtMail]) -> Iterator[str]:
    for mail in (mails[0], mails[-1]):
        yield ""
        yield f"  To: {mail.to}"
        yield f"  Subject: {mail.subject}"
        yield ""
        yield from (f"  {line}".rstrip() for line in (mail.text or "").splitlines())
