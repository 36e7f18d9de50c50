"""A batch becomes a message, always the same one.

Takes a leased batch with the snapshots of its events and the style, gives a finished mail or
text message. Refuses by raising Permanent(TEMPLATE_ERROR) when no message can be made.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import notifier
from notifier.model import ids
from notifier.model.deliveries import Batch
from notifier.model.errors import Evidence, Permanent
from notifier.model.events import TEST_TYPE
from notifier.model.messages import Email, Medium, Message, Sms
from notifier.model.reasons import Reason
from notifier.rendering import facts, mime, own, samples, sms, text
from notifier.rendering.facts import Facts, Line
from notifier.rendering.overrides import Broken
from notifier.rendering.pages import Failed, Pages
from notifier.rendering.style import Style

ROLLUP = "rollup"
TEST = "test"

# What speaks of a ticket and has no template of its own is told like an assignment.
_FALLBACK = "ticket.assigned"

_LONGEST_REPLY = 200


class Renderer:
    """Renders batches; pure, and safe to share."""

    def __init__(
        self, style: Style, overrides: Path | None = None, failed: Failed | None = None
    ) -> None:
        """Compile the templates; those in `overrides` stand in for built-in ones of their name.

        `failed` is told of one that does not render later: its name and why.
        """
        self._style = style
        self._pages = Pages()
        if overrides is not None:
            self._pages.override(overrides, samples.of_folders(style, self._pages.folders), failed)
        self.recipe = _recipe(self._pages.sources, style)

    @property
    def overridden(self) -> tuple[str, ...]:
        """Give the files that stand in for built-in ones."""
        return self._pages.overridden

    @property
    def faults(self) -> tuple[Broken, ...]:
        """Give what is wrong with the others."""
        return self._pages.faults

    def render(self, batch: Batch, medium: Medium) -> Message:
        """Give the message. The bytes of an earlier try, if there are any, are given unchanged.

        Raises Permanent with the reason `template_error`.
        """
        try:
            if batch.stored is not None:
                return _read_back(batch.stored, medium)
            if medium is Medium.SMS:
                return self._text_message(batch)
            return self._mail(batch)
        except own.ERRORS as error:
            said = text.clean(f"{type(error).__name__}: {error}", _LONGEST_REPLY)
            raise Permanent(Reason.TEMPLATE_ERROR, Evidence("render", reply=said)) from error

    def _mail(self, batch: Batch) -> Email:
        lines = facts.lines_of(batch.members)
        folder = self._folder(batch)
        said = self._facts(batch, lines)
        said["subject"] = subject = self._say(folder, "subject.txt", said)
        body = self._say(folder, "body.txt", said)
        html = self._say(folder, "body.html", said)
        letter = mime.Letter(
            from_name=str(said["from_name"]),
            from_email=self._style.from_email,
            reply_to=self._style.reply_to,
            to=batch.address,
            subject=subject,
            batch=ids.public("bat", batch.id),
            first_at=batch.first_at,
            root=None if folder == TEST else _root(lines),
            text=body,
            html=html,
        )
        return Email(subject, body, html, mime.write(letter))

    def _text_message(self, batch: Batch) -> Sms:
        lines = facts.lines_of(batch.members)
        folder, most = self._folder(batch), self._style.sms_max_segments
        said = self._facts(batch, lines)
        if folder == ROLLUP:
            body = self._roll_up(said, lines, most)
        else:
            said["number"] = sms.short_number(str(said["number"]))
            head = self._say(folder, "sms.txt", {**said, "title": ""})
            title = "" if folder == TEST else str(said["title"])
            body = sms.fit(f"{head} ", title, most)
        return Sms(body, *sms.segments_of(body))

    def _roll_up(self, said: Facts, lines: Sequence[Line], most: int) -> str:
        """Name as many tickets as fit, the first one always."""
        numbers = [sms.short_number(line.number) for line in lines[: facts.NAMED]]
        for named in range(len(numbers), 0, -1):
            said |= {"named": numbers[:named], "unnamed": len(lines) - named}
            body = self._say(ROLLUP, "sms.txt", said)
            if sms.fits(body, most):
                break
        return sms.fit(body, "", most)

    def _facts(self, batch: Batch, lines: Sequence[Line]) -> Facts:
        said = facts.shared(batch, self._style)
        if len(batch.members) > 1:
            return said | facts.rollup(len(batch.members), lines, self._style)
        return said | facts.single(lines[0].event, self._style)

    def _folder(self, batch: Batch) -> str:
        if len(batch.members) > 1:
            return ROLLUP
        # Without reading the whole event back for it.
        _, _, kind, _ = batch.members[0].head
        if kind == TEST_TYPE:
            return TEST
        return kind if f"{kind}/subject.txt.j2" in self._pages else _FALLBACK

    def _say(self, folder: str, part: str, said: Facts) -> str:
        return self._pages.render(f"{folder}/{part}.j2", said).strip()


def _read_back(stored: bytes, medium: Medium) -> Message:
    if medium is Medium.EMAIL:
        return mime.read(stored)
    body = stored.decode(errors="replace")
    return Sms(body, *sms.segments_of(body))


def _root(lines: Sequence[Line]) -> str | None:
    """Give what all mails about one ticket refer to; it follows from the ticket alone."""
    ticket = facts.only_ticket(lines)
    if ticket is None:
        return None
    return f"tkt-{hashlib.sha256(json.dumps(ticket).encode()).hexdigest()[:32]}"


def _recipe(sources: dict[str, str], style: Style) -> str:
    settings = [
        style.from_email,
        style.from_name,
        style.reply_to,
        style.url_template,
        sorted(style.url_hosts),
        style.sms_max_segments,
        sorted((name, repr(limits)) for name, limits in style.limits.items()),
    ]
    whole = json.dumps([notifier.__version__, sorted(sources.items()), settings])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
