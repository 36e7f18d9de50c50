"""The kinds of values in the table of a source, and how each is written.

Takes a value as TOML has it, gives it as the service uses it. Refuses (ValueError) what does not
say one; the message says what would be right.
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis

_UNITS: dict[str, Millis] = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_SIZES = {"KiB": 1024, "MiB": 1024**2}
_LARGEST_BODY = 16 * 1024**2


def _duration(value: object) -> Millis:
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", value) if isinstance(value, str) else None
    if not found or int(found[1]) == 0:
        raise ValueError("write a whole number and a unit, such as 300s, 10m, 24h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def _size(value: object) -> int:
    found = re.fullmatch(r"([0-9]{1,6}) ?(KiB|MiB)", value) if isinstance(value, str) else None
    size = int(found[1]) * _SIZES[found[2]] if found else 0
    if not 0 < size <= _LARGEST_BODY:
        raise ValueError("write a size up to 16MiB, such as 256KiB or 1MiB")
    return size


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("write an address or a network, such as 192.0.2.0/24") from None


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("write an address such as https://desk.example.com")
    return text.rstrip("/")


def _format(text: str) -> str:
    if not re.fullmatch(r"auto|json|form|cloudevents|form:[^\s]{1,100}", text):
        raise ValueError("write auto, json, form, cloudevents, or form:FIELD for JSON in a field")
    return text


def _place(text: str) -> str:
    if not re.fullmatch(r"(header|sig|body):[^\s]{1,100}", text):
        raise ValueError("write header:NAME, sig:KEY or body:PATH")
    return text


Duration = Annotated[Millis, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
Address = Annotated[str, AfterValidator(_address)]
Format = Annotated[str, AfterValidator(_format)]
Place = Annotated[str, AfterValidator(_place)]
Expression = Annotated[str, Field(min_length=1, max_length=2_000)]
Encoding = Literal["hex", "base64", "base64url"]
Algorithm = Literal["sha1", "sha256", "sha512"]
