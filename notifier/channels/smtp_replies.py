"""What a mail server's replies mean: reading them, and the table of refusals.

Takes bytes as they arrive, gives replies; takes a refusal and its phase, gives the
DeliveryError that it amounts to. Refuses what is no reply (ValueError), without ever keeping
more than one line and one shortened text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Evidence,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE, Millis

_LONGEST_LINE = 4096
_MOST_LINES = 100
_LONGEST_TEXT = 500

_SIGN_IN_HOLD: Millis = 15 * MINUTE
_GREYLIST_WAIT: Millis = MINUTE

CLOSING = 421
"""RFC 5321 section 3.8: the server closes the connection, whatever was asked."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\0]*))?")
_ENHANCED = re.compile(r"([245])\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)")

_QUEUE_IDS = (
    re.compile(r"\bqueued as ([!-~]{1,100}?)[.;,]?(?: |$)", re.IGNORECASE),
    re.compile(r"\bid=([!-~]{1,100})"),
    re.compile(r"\bInternalId=([0-9]{1,40})"),
    re.compile(r"\bOK +[0-9]+ ([!-~]{1,100}) - gsmtp"),
    re.compile(r"([!-~]{1,100}) Message accepted for delivery"),
    re.compile(r"^Ok ([0-9A-Za-z-]{16,100})$", re.IGNORECASE),
)
"""How Postfix, Exim, Exchange, Gmail, Sendmail and Amazon SES name what they took."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code, its code after RFC 3463 if the classes agree, its cleaned text."""

    code: int
    enhanced: str | None
    text: str

    @property
    def positive(self) -> bool:
        """Tell whether it says yes, and expects nothing more."""
        return 200 <= self.code < 300

    @property
    def queue_id(self) -> str | None:
        """Give the name under which the server took a mail, where its text tells it."""
        text = self.text if self.enhanced is None else self.text.removeprefix(self.enhanced + " ")
        found = (pattern.search(text) for pattern in _QUEUE_IDS)
        return next((match[1] for match in found if match), None)

    def evidence(self, phase: str, remote: str) -> Evidence:
        """Give it as what an attempt keeps."""
        return Evidence(phase, self.code, self.enhanced, self.text, remote)


@lru_cache(maxsize=256)
def reply(code: int, text: str) -> Reply:
    """Make a reply of a code and the text of all its lines; a server says few different ones."""
    line = clean(text)
    match = _ENHANCED.match(line)
    agrees = match is not None and int(match[1]) == code // 100
    return Reply(code, match[0] if match and agrees else None, line)


def clean(text: str) -> str:
    """Make foreign words fit to keep: one printable line of at most 500 characters."""
    line = text
    if not text.isprintable():
        line = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(line.split())[:_LONGEST_TEXT]


class ReplyReader:
    """Cuts a stream of bytes into replies (RFC 5321 section 4.2); made for one connection.

    A bare line feed ends a line too, as some servers send it.
    """

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._rest = b""
        self._code = 0
        self._lines: list[bytes] = []

    @property
    def pending(self) -> bool:
        """Tell whether a reply has begun and not ended."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Give the replies that end in `data`, and then raise ValueError at what is none.

        Those before it count; after it the stream cannot be trusted.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            found = self._take(line)
            if found is not None:
                yield found
        if len(self._rest) > _LONGEST_LINE:
            raise ValueError("the mail server sent a line without end")

    def _take(self, line: bytes) -> Reply | None:
        if len(line) > _LONGEST_LINE:
            raise ValueError("the mail server sent a line without end")
        match = _LINE.fullmatch(line.removesuffix(b"\r"))
        if match is None:
            raise ValueError(f"the mail server sent what is no reply: {_sample(line)}")
        code = int(match[1])
        if self._lines and code != self._code:
            raise ValueError("the mail server changed the code within a reply")
        self._code = code
        self._lines.append((match[3] or b"")[:_LONGEST_TEXT])
        if len(self._lines) > _MOST_LINES:
            raise ValueError("the mail server sent a reply without end")
        if match[2] == b"-":
            return None
        text = b"\n".join(self._lines).decode(errors="replace")
        self._lines = []
        return reply(code, text)


def _sample(line: bytes) -> str:
    return clean(line[:60].decode(errors="replace"))


class Meaning(Enum):
    """What a refusal says about the message, the address or the account."""

    LATER = auto()
    REFUSED = auto()
    UNREACHABLE = auto()
    DOWN = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: where it holds, and what it means. The first row that fits decides.

    `code` and `enhanced` are patterns for the whole code; an absent enhanced code is "".
    `wait` is the least wait of LATER and the hold of DOWN.
    """

    phases: frozenset[str]
    code: str
    enhanced: str
    meaning: Meaning
    reason: Reason
    wait: Millis | None = None

    def fits(self, phase: str, said: Reply) -> bool:
        """Tell whether the row speaks of this reply."""
        return (
            phase in self.phases
            and re.fullmatch(self.code, str(said.code)) is not None
            and re.fullmatch(self.enhanced, said.enhanced or "") is not None
        )


_OPENING = frozenset({"connect", "tls", "auth"})
_AUTH = frozenset({"auth"})
_MAIL = frozenset({"mail"})
_RCPT = frozenset({"rcpt"})
_LETTER = frozenset({"mail", "rcpt", "data", "body", "dot"})
_CONTENT = frozenset({"mail", "data", "body", "dot"})
_ANY = _OPENING | _LETTER

_DOWN = (Meaning.DOWN, Reason.RETRIES_EXHAUSTED)
_LATER = (Meaning.LATER, Reason.RETRIES_EXHAUSTED)

RULES: tuple[Rule, ...] = (
    # RFC 5321 section 3.8: the server leaves; that says nothing about the message.
    Rule(_ANY, "421", ".*", *_DOWN),
    # RFC 4954 section 6: credentials or mechanism refused, and Microsoft's 550 5.7.30. Another
    # try soon changes nothing and may lock the account.
    Rule(_AUTH, "5..", ".*", *_DOWN, _SIGN_IN_HOLD),
    # Anything else before the first message: there is no session, whoever is written to.
    Rule(_OPENING, ".*", ".*", *_DOWN),
    # RFC 4954 section 6: sign-in or encryption is asked for where we thought to have it.
    Rule(_LETTER, "53[0458]", ".*", *_DOWN),
    Rule(_LETTER, "5..", r"5\.7\.30", *_DOWN),
    # Greylisting (RFC 6647): a minute is the least that any server asks for.
    Rule(_LETTER, "4..", r"4\.7\.1", *_LATER, _GREYLIST_WAIT),
    # RFC 6531 section 3.5: the server does not take this address's alphabet.
    Rule(_LETTER, "5..", r"5\.6\.7", Meaning.REFUSED, Reason.BAD_ADDRESS),
    # RFC 3463 X.3.4 and X.2.3: too big for the server or for the mailbox.
    Rule(_LETTER, "5..", r"5\.(3\.4|2\.3)", Meaning.REFUSED, Reason.TOO_LARGE),
    # RFC 3463 X.2.2: the mailbox is full, and somebody will empty it.
    Rule(_LETTER, "5..", r"5\.2\.2", *_LATER),
    # RFC 5321 section 4.5.3.1.10: 552 here once meant too many recipients.
    Rule(_RCPT, "552", r"(?!5\.[17]\.).*", *_LATER),
    # RFC 1870 section 6 for MAIL, RFC 5321 section 4.2.3 after it. 523: Microsoft's size. An
    # enhanced code about content or policy knows better: Gmail blocks attachments with 552.
    Rule(_CONTENT, "552|523", r"(?!5\.[67]\.).*", Meaning.REFUSED, Reason.TOO_LARGE),
    # The sender may not send, or is not known: every message would fare alike.
    Rule(_MAIL, "550|553", ".*", *_DOWN),
    Rule(_MAIL, "5..", r"5\.[17]\..*", *_DOWN),
    # RFC 3463 X.1.7 and X.1.8 speak of the sender; some servers wait with it until RCPT.
    Rule(_RCPT, "5..", r"5\.1\.[78]", *_DOWN),
    # RFC 3463 X.1: no such mailbox or domain.
    Rule(_RCPT, "5..", r"5\.1\..*", Meaning.UNREACHABLE, Reason.BAD_MAILBOX),
    # RFC 5321 section 4.2.3: without more words, 550 to RCPT means no such mailbox.
    Rule(_RCPT, "550", "", Meaning.UNREACHABLE, Reason.BAD_MAILBOX),
    # RFC 3463 X.7: spam filter, DMARC, relaying; the reply says which.
    Rule(_LETTER, "5..", r"5\.7\..*", Meaning.REFUSED, Reason.POLICY),
    # RFC 5321 section 4.2.1: the class alone decides what nobody listed.
    Rule(_LETTER, "4..", ".*", *_LATER),
    Rule(_LETTER, "5..", ".*", Meaning.REFUSED, Reason.REJECTED),
)


def refusal(phase: str, said: Reply, remote: str) -> DeliveryError:
    """Give the error that a reply amounts to which is not the one that was hoped for.

    A yes where none was possible is no refusal: nothing is certain of such a conversation.
    """
    evidence = said.evidence(phase, remote)
    rule = next((row for row in RULES if row.fits(phase, said)), None)
    if rule is None:
        if phase == "dot":
            return Unknown(Reason.OUTCOME_UNKNOWN, evidence)
        return Transient(Reason.RETRIES_EXHAUSTED, evidence)
    match rule.meaning:
        case Meaning.LATER:
            return Transient(rule.reason, evidence, rule.wait)
        case Meaning.REFUSED:
            return Permanent(rule.reason, evidence)
        case Meaning.UNREACHABLE:
            return Unreachable(rule.reason, evidence)
        case _:
            return ChannelDown(rule.reason, evidence, rule.wait)
