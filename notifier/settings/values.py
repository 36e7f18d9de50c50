"""The kinds of values that settings have, and how each is written.

Takes the text of one setting, gives the value. Refuses text that does not say one (ValueError);
the message says what would be right, and never repeats the text, which may be a secret.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

import phonenumbers
from email_validator import validate_email
from pydantic import BeforeValidator

from notifier.model.rates import Window
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis
from notifier.settings.places import host, port, web_address, web_parts

_UNITS: dict[str, Millis] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_LONGEST: Millis = 10 * 365 * DAY
_SIZES = {"": 1, "B": 1, "KiB": 1024, "MiB": 1024**2}
_SMALLEST_TOKEN = 20
_SWITCH = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


def switch(text: str) -> bool:
    """Read true, false, 1, 0, yes, no, on or off, in any case."""
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise ValueError("write true or false") from None


def duration(text: str) -> Millis:
    """Read `15s`, `1m`, `24h` or `30d` as milliseconds."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    length = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < length <= _LONGEST:
        raise ValueError("write a whole number and a unit, such as 15s, 1m, 24h or 30d")
    return length


def span(text: str) -> Millis:
    """Read a duration that may also be nothing: `0` or `0s`."""
    return 0 if text in ("0", "0s") else duration(text)


def size(text: str) -> int:
    """Read `256KiB`, `1MiB` or a plain number as bytes."""
    found = re.fullmatch(r"([0-9]{1,9}) ?(B|KiB|MiB|)", text)
    if not found or int(found[1]) == 0:
        raise ValueError("write a size such as 256KiB or 1MiB")
    return int(found[1]) * _SIZES[found[2]]


def whole(text: str) -> int:
    """Read a whole number from 1 to 100,000."""
    if not re.fullmatch(r"[0-9]{1,6}", text) or not 1 <= int(text) <= 100_000:
        raise ValueError("write a whole number from 1 to 100000")
    return int(text)


def windows(text: str) -> tuple[Window, ...]:
    """Read `5/1m 60/1h` as windows; empty text is no limit."""
    found = []
    for part in text.split():
        count, slash, length = part.partition("/")
        if not slash or not re.fullmatch(r"[0-9]{1,6}", count) or int(count) == 0:
            raise ValueError("write COUNT/DURATION, several separated by spaces: 5/1m 60/1h")
        found.append(Window(int(count), duration(length)))
    return tuple(found)


def mail_address(text: str) -> str:
    """Read a mail address, its domain in ASCII; the grammar decides, not the kind of domain."""
    for label in ("", ".a"):
        # The library refuses names such as desk.local by a list; under another label they pass.
        try:
            found = validate_email(
                text + label,
                check_deliverability=False,
                globally_deliverable=False,
                allow_smtputf8=False,
            )
        except ValueError:
            continue
        return f"{found.ascii_local_part}@{found.ascii_domain.removesuffix(label)}"
    raise ValueError("write a mail address, such as desk@example.com")


def sender(text: str) -> str:
    """Read what a text message is sent from: a number, a short code or a sender name."""
    number = re.sub(r"[ ().-]", "", text)
    if re.fullmatch(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}", number):
        return number
    if re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", text):
        return text
    raise ValueError("write a number in E.164, such as +14155550100, a short code or a name")


def region(text: str) -> str:
    """Read the two letters of a country."""
    if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("write the two letters of a country, such as US or DE")
    return text.upper()


def ticket_url(text: str) -> str:
    """Read an address with `{id}` or `{number}` in it."""
    web_parts(text)
    if not re.search(r"\{(id|number)\}", text) or set(
        re.findall(r"[{}]", re.sub(r"\{(id|number)\}", "", text))
    ):
        raise ValueError("write {id} or {number} where the ticket belongs, and no other braces")
    return text


def hosts(text: str) -> frozenset[str]:
    """Read host names separated by spaces."""
    names = text.lower().split()
    if not all(re.fullmatch(r"[a-z0-9.-]+", name) for name in names):
        raise ValueError("write host names separated by spaces: desk.example.com")
    return frozenset(names)


def networks(text: str) -> frozenset[IPv4Network | IPv6Network]:
    """Read addresses and networks separated by spaces."""
    try:
        return frozenset(ip_network(word) for word in text.split())
    except ValueError:
        raise ValueError(
            "write addresses and networks separated by spaces: 192.0.2.7 10.0.0.0/8"
        ) from None


def tokens(text: str) -> tuple[str, ...]:
    """Read tokens separated by spaces, each of at least 20 characters."""
    found = tuple(text.split())
    if any(len(token) < _SMALLEST_TOKEN or not token.isascii() for token in found):
        raise ValueError("each token needs at least 20 ASCII characters; notifier init makes one")
    return found


Switch = Annotated[bool, BeforeValidator(switch)]
Duration = Annotated[Millis, BeforeValidator(duration)]
Span = Annotated[Millis, BeforeValidator(span)]
Size = Annotated[int, BeforeValidator(size)]
Whole = Annotated[int, BeforeValidator(whole)]
Port = Annotated[int, BeforeValidator(port)]
Host = Annotated[str, BeforeValidator(host)]
Windows = Annotated[tuple[Window, ...], BeforeValidator(windows)]
MailAddress = Annotated[str, BeforeValidator(mail_address)]
Sender = Annotated[str, BeforeValidator(sender)]
Region = Annotated[str, BeforeValidator(region)]
WebAddress = Annotated[str, BeforeValidator(web_address)]
TicketUrl = Annotated[str, BeforeValidator(ticket_url)]
Hosts = Annotated[frozenset[str], BeforeValidator(hosts)]
Networks = Annotated[frozenset[IPv4Network | IPv6Network], BeforeValidator(networks)]
