"""The link to a ticket.

Takes what a help desk gave and what the operator configured, gives an absolute http(s)
address in printable ASCII, or None. Refuses every other scheme, user names, foreign hosts,
white space, quotes and text over 2,000 characters by giving None; raises nothing.
"""

import re
from urllib.parse import quote, urlsplit

from notifier.model.events import Ticket
from notifier.rendering.style import Style

LONGEST = 2_000

# Blanks, controls, quotes, angle brackets, backslash and what shows nothing: none of these is
# part of an address (RFC 3986, section 2), and each has been used to leave an attribute.
_FOREIGN = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\"'`<>\\^{|}\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]"
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?\.?|\[[0-9a-f:.]{2,45}\]")
# What is shown as it is written: nothing in it is escaped, mended or read in another way.
_USUAL = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?(?:[/?][A-Za-z0-9/?&=_.~-]*)?")
_KEPT = "%/:?#[]@!$&()*+,;=-._~"
_PLACEHOLDERS = re.compile(r"\{(id|number)\}")


def link_of(ticket: Ticket, style: Style) -> str | None:
    """Give the ticket's own link if it may be shown, else the configured one, else None."""
    own = _checked(ticket.url or "", style.url_hosts)
    return own or _configured(ticket, style.url_template)


def _configured(ticket: Ticket, template: str | None) -> str | None:
    if template is None or len(ticket.id) > LONGEST or len(ticket.number) > LONGEST:
        return None
    values = {"id": ticket.id, "number": ticket.number}
    filled = _PLACEHOLDERS.sub(lambda found: _quoted(values[found[1]], ""), template)
    return _checked(filled, frozenset())


def _checked(text: str, hosts: frozenset[str]) -> str | None:
    if not 0 < len(text) <= LONGEST:
        return None
    if not hosts and _USUAL.fullmatch(text):
        return text
    if _FOREIGN.search(text):
        return None
    try:
        parts = urlsplit(text)
        host, port = _ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not _HOST.fullmatch(host):
        return None
    if hosts and not _allowed(host, port, hosts):
        return None
    place = host if port is None else f"{host}:{port}"
    # What reads differently than it is written is meant to mislead somebody.
    if parts.netloc.isascii() and parts.netloc.lower() != place:
        return None
    rest = _quoted(text.partition("://")[2][len(parts.netloc) :], _KEPT)
    link = f"{parts.scheme}://{place}{rest}"
    return link if len(link) <= LONGEST else None


def _ascii_host(host: str) -> str:
    # urlsplit takes the brackets off; only an IPv6 address has a colon in it.
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode().lower()


def _allowed(host: str, port: int | None, hosts: frozenset[str]) -> bool:
    wanted = {name.casefold().rstrip(".") for name in hosts}
    name = host.rstrip(".")
    return name in wanted or f"{name}:{port}" in wanted


def _quoted(text: str, kept: str) -> str:
    return quote(text, safe=kept, errors="replace")
