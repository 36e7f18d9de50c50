"""A mail as it was received, read strictly: what it must be whatever its texts were.

Takes the bytes and an innocent mail of the same kind; gives what is wrong in sentences.
"""

import email.policy
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import MessageDefect
from email.message import EmailMessage
from html.parser import HTMLParser

_STRICT = email.policy.SMTP.clone(raise_on_defect=True)
_LONGEST = 998
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LINKS = ("href", "src", "action", "background")
_SCHEMES = ("http://", "https://")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in _LINKS]


def is_one_plain_line(text: str) -> bool:
    """Tell whether a text has neither line ends nor anything that is not seen."""
    return _UNSEEN.search(text) is None and len(text.splitlines()) <= 1


def faults(raw: bytes, to: str, innocent: bytes) -> list[str]:
    """Give what is wrong with a mail; nothing for a good one."""
    try:
        return [*_of_bytes(raw), *_of_parts(_parsed(raw), to, _parsed(innocent))]
    except (MessageDefect, ValueError, LookupError) as error:
        return [f"it cannot be read: {type(error).__name__}: {error}"]


def _parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, EmailMessage, policy=_STRICT)


def _of_bytes(raw: bytes) -> Iterator[str]:
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        yield "a line end is not CRLF"
    if re.search(rb"[^\t\r\n -~]", raw):
        yield "a byte is not printable ASCII"
    longest = max(map(len, raw.split(b"\r\n")))
    if longest > _LONGEST:
        yield f"a line has {longest} bytes"


def _of_parts(mail: EmailMessage, to: str, innocent: EmailMessage) -> Iterator[str]:
    if sorted(mail.keys()) != sorted(innocent.keys()):
        yield f"its headers are {mail.keys()}"
    for name, value in mail.items():
        if value.defects:
            yield f"{name} has the defects {value.defects}"
        if not is_one_plain_line(str(value)):
            yield f"{name} shows {str(value)[:200]!r}"
    addresses = [one.addr_spec for one in mail["To"].addresses]
    if addresses != [to]:
        yield f"it is addressed to {addresses}, and was sent to {to}"
    kinds = [part.get_content_type() for part in mail.walk()]
    if kinds != [part.get_content_type() for part in innocent.walk()]:
        yield f"its parts are {kinds}"
        return
    yield from _of_text(_content(mail, "plain"))
    yield from _of_html(_content(mail, "html"), _content(innocent, "html"))


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def _of_text(text: str) -> Iterator[str]:
    if found := _UNSEEN.search(text):
        yield f"its text shows {found[0]!r}"


def _of_html(html: str, innocent: str) -> Iterator[str]:
    if found := _UNSEEN.search(html):
        yield f"its HTML shows {found[0]!r}"
    seen, known = _Tags(), _Tags()
    seen.feed(html)
    known.feed(innocent)
    if not seen.tags <= known.tags or not seen.attributes <= known.attributes:
        more = sorted((seen.tags - known.tags) | (seen.attributes - known.attributes))
        yield f"its HTML has {more}, which an innocent one has not"
    if bad := [link for link in seen.links if not link.startswith(_SCHEMES)]:
        yield f"its HTML links to {bad[0][:200]!r}"
    if len(html.encode()) >= 100_000:
        yield f"its HTML has {len(html.encode())} bytes"
