"""Our own MIME writer: a mail as the exact 7-bit bytes that go on the wire.

Takes a finished text and HTML part and what the headers say, gives bytes with CRLF line ends.
The same letter always gives the same bytes. Refuses addresses that are not one ASCII address
and header text with control characters (ValueError). RFC 5322, 2045, 2046, 2047 and 3834.
"""

import binascii
import email
import email.policy
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

from notifier.model.messages import Email
from notifier.model.times import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
_ADDRESS = re.compile(
    rf"(?:[{_ATEXT}]+(?:\.[{_ATEXT}]+)*|\"(?:[ !#-\[\]-~]|\\[ -~])*\")"
    r"@(?P<domain>[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[A-Za-z0-9:.-]+\])"
)
_LONGEST_ADDRESS = 320

_LINE = 76
_LONGEST_PLAIN_WORD = 60
_WORD_BEGIN, _WORD_END = "=?utf-8?b?", "?="
_PLAIN_NAME = re.compile(rf"[{_ATEXT}]+(?: [{_ATEXT}]+)*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")

# Python's encoder makes a line too long when it guards the blank at its end.
_LATE_BLANK = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)

# A longer line is not kept for the next mail, so that what is kept stays below some megabytes.
_LONGEST_KEPT = 1000

# A mailbox file takes such a line for the beginning of a mail and changes it.
_FROM_LINE = re.compile(rb"^From ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says, inside and on its envelope.

    `batch` is the public id of the batch: Message-ID and boundary follow from it. `root` is
    the left part of the id that all mails of a ticket refer to.
    """

    from_name: str
    from_email: str
    reply_to: str | None
    to: str
    subject: str
    batch: str
    first_at: Instant
    root: str | None
    text: str
    html: str


def write(letter: Letter) -> bytes:
    """Give the mail's bytes; no line is longer than 998, none of the body longer than 76."""
    boundary = f"=_{letter.batch}"
    lines = [*_headers(letter), f'Content-Type: multipart/alternative; boundary="{boundary}"', ""]
    for kind, content in (("plain", letter.text), ("html", letter.html)):
        lines += [
            f"--{boundary}",
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            _quoted_printable(content),
        ]
    lines += [f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("ascii")


def read(raw: bytes) -> Email:
    """Give bytes that `write` made as a mail; parts that are not there are empty."""
    parsed = email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)
    return Email(str(parsed["Subject"] or ""), _part(parsed, "plain"), _part(parsed, "html"), raw)


def domain_of(address: str) -> str:
    """Give the part after the last @; raises ValueError when it is not one ASCII address."""
    found = _ADDRESS.fullmatch(address) if len(address) <= _LONGEST_ADDRESS else None
    if found is None:
        raise ValueError("not one mail address in ASCII")
    return found["domain"]


def _part(parsed: EmailMessage, kind: str) -> str:
    body = parsed.get_body((kind,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


def _headers(letter: Letter) -> list[str]:
    sender, domain = _sender(letter.from_name, letter.from_email)
    headers = [sender, _address("To", letter.to)]
    if letter.reply_to is not None:
        headers.append(_address("Reply-To", letter.reply_to))
    headers += [
        f"Subject: {_unstructured(letter.subject)}",
        f"Date: {format_datetime(_EPOCH + timedelta(milliseconds=letter.first_at))}",
        f"Message-ID: <{letter.batch}@{domain}>",
    ]
    if letter.root is not None:
        root = f"<{letter.root}@{domain}>"
        headers += [f"In-Reply-To: {root}", f"References: {root}"]
    return [
        *headers,
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "MIME-Version: 1.0",
    ]


@lru_cache(maxsize=16)
def _sender(name: str, address: str) -> tuple[str, str]:
    """Give the From header and the domain of ids; they are the same for every mail."""
    return f"From: {_mailbox(name, address)}", domain_of(address)


def _address(header: str, address: str) -> str:
    domain_of(address)
    return f"{header}: {address}"


def _mailbox(name: str, address: str) -> str:
    if not name:
        return address
    shown = name
    if not _PLAIN_NAME.fullmatch(name) or len(name) > _LONGEST_PLAIN_WORD or "=?" in name:
        shown = _encoded(name, len("From: "))
    # The address has a line of its own when the name leaves too little of the first.
    gap = "\r\n " if "\r\n" in shown or len(shown) + len(address) > _LONGEST_PLAIN_WORD else " "
    return f"{shown}{gap}<{address}>"


def _unstructured(text: str) -> str:
    words = text.split(" ")
    plain = text.isascii() and "=?" not in text and (all(words) or not text)
    if not plain or max(map(len, words)) > _LONGEST_PLAIN_WORD or _CONTROLS.search(text):
        return _encoded(text, len("Subject: "))
    if len("Subject: ") + len(text) <= _LINE:
        return text
    lines = ["Subject:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).removeprefix("Subject: ")


def _encoded(text: str, used: int) -> str:
    """Give RFC 2047 words, one to a line; no character is shared between two of them."""
    if _CONTROLS.search(text):
        raise ValueError("a header with a control character")
    words: list[bytes] = []
    chunk = b""
    for letter in text:
        part = letter.encode()
        if len(chunk) + len(part) > _room(0 if words else used):
            words.append(chunk)
            chunk = b""
        chunk += part
    words.append(chunk)
    return "\r\n ".join(f"{_WORD_BEGIN}{b64encode(word).decode()}{_WORD_END}" for word in words)


def _room(used: int) -> int:
    left = _LINE - max(used, 1) - len(_WORD_BEGIN) - len(_WORD_END)
    return left // 4 * 3


def _quoted_printable(content: str) -> str:
    if "\r" in content:
        content = content.replace("\r\n", "\n").replace("\r", "\n")
    *lines, last = content.split("\n")
    # Nearly all lines are the template's own and the same in every mail.
    short = max(map(len, lines), default=0) <= _LONGEST_KEPT
    return "".join(map(_quoted_again if short else _quoted_line, lines)) + _quoted(last)


def _quoted_line(line: str) -> str:
    return _quoted(f"{line}\n")


_quoted_again = lru_cache(maxsize=1024)(_quoted_line)


def _quoted(line: str) -> str:
    # b2a_qp takes the line end of the first line for that of all: it is given plain ones only,
    # and then also guards blanks before them. It leaves `From ` alone; a soft break after its
    # first letter hides it and keeps the line within 76.
    quoted = binascii.b2a_qp(line.encode(), istext=True)
    if b"From " in quoted:
        quoted = _FROM_LINE.sub(b"=46=\nrom ", quoted)
    if b"=20\n" in quoted or b"=09\n" in quoted:
        quoted = _LATE_BLANK.sub(rb"\1=\n\2", quoted)
    return quoted.replace(b"\n", b"\r\n").decode("ascii")
