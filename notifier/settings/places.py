"""How a place on the network is written: a port, a host, an address of the web.

Takes the text of one setting, gives the value. Refuses text that does not say one (ValueError);
the message says what would be right. Imports nothing that is slow to load.
"""

import re
from urllib.parse import SplitResult, urlsplit

HOST = "127.0.0.1"
PORT = 8080
"""Where the service listens when nothing else is set."""

_NO_ADDRESS = "write an address that begins with https:// or http://"


def port(text: str) -> int:
    """Read a TCP port; 0 means any free one."""
    if text.startswith(("tcp://", "udp://")):
        raise ValueError(
            "this is an address that Kubernetes' service links put here; set "
            "enableServiceLinks: false on the pod, or set the port explicitly"
        )
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65_535:
        raise ValueError("write a port from 0 to 65535")
    return int(text)


def host(text: str) -> str:
    """Read the name or the address of this machine, on which the service listens."""
    if not re.fullmatch(r"[A-Za-z0-9._:%-]{1,255}", text):
        raise ValueError("write an address of this machine, such as 127.0.0.1, 0.0.0.0 or ::")
    return text


def web_address(text: str) -> str:
    """Read an http or https address without query; a last slash is dropped."""
    parts = web_parts(text)
    if parts.query or parts.fragment:
        raise ValueError("write an address without ? and #, such as https://notify.example.com")
    return text.rstrip("/")


def web_parts(text: str) -> SplitResult:
    """Take an http or https address apart."""
    try:
        parts = urlsplit(text)
        sound = parts.port != 0 and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        # The library's own message repeats the text.
        raise ValueError(_NO_ADDRESS) from None
    if parts.scheme not in ("http", "https") or not sound or not text.isprintable():
        raise ValueError(_NO_ADDRESS)
    if parts.username is not None:
        raise ValueError("write the address without user name and password")
    return parts
