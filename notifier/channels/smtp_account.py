"""Where and as whom mails are handed in, and how long anything may take.

Takes settings, gives checked values and the TLS context. Refuses with ConfigurationError what
could never work or would break out of a command.
"""

import re
import ssl
from dataclasses import dataclass, field
from typing import Literal

from notifier.model.errors import ConfigurationError

_HOSTNAME = re.compile(r"[!-~]{1,255}")
_LONGEST_ADDRESS = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """`ca_file` replaces the system's authorities; without `ehlo_hostname` our address is said."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    auth: Literal["auto", "plain", "login", "none"] = "auto"
    from_email: str
    connections: int = 4
    ca_file: str | None = None
    ehlo_hostname: str | None = None

    @property
    def remote(self) -> str:
        """Give the server as attempts name it."""
        return f"{self.host}:{self.port}"

    @property
    def signs_in(self) -> bool:
        """Tell whether a name and a password are to be given."""
        return self.auth != "none" and self.user is not None

    def check(self) -> None:
        """Raise ConfigurationError, one line per fault."""
        named = self.ehlo_hostname is None or _HOSTNAME.fullmatch(self.ehlo_hostname)
        faults = (
            (_HOSTNAME.fullmatch(self.host), "SMTP_HOST is not the name of a server"),
            (0 < self.port < 65536, "SMTP_PORT is not a port"),
            (self.connections > 0, "SMTP_MAX_CONNECTIONS is less than 1"),
            (is_address(self.from_email), "FROM_EMAIL is not an address"),
            (named, "SMTP_EHLO_HOSTNAME is not the name of a host"),
            (not self.signs_in or self.password, "SMTP_USER is set without SMTP_PASSWORD"),
        )
        lines = [line for sound, line in faults if not sound]
        if lines:
            raise ConfigurationError("\n".join(lines))

    def context(self) -> ssl.SSLContext | None:
        """Give how to secure a connection; raises ConfigurationError when CAs cannot be read."""
        if self.tls == "none":
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise ConfigurationError(f"SMTP_CA_FILE cannot be read: {error}") from error
        # RFC 8996 retired what is older.
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def is_address(text: str) -> bool:
    """Tell whether `text` may stand between the angle brackets of a command.

    This is no grammar check: it keeps an address from becoming a second command.
    """
    safe = text.isprintable() and not set(text) & set(" <>") and not re.search(r"\s", text)
    local, at, domain = text.rpartition("@")
    return safe and len(text) <= _LONGEST_ADDRESS and bool(local and at and domain)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long things may take, in seconds.

    `connect`: reaching the server, and an idle connection's proof of life. `command`: one reply,
    or one piece of a body. `dot`: the reply to a whole mail. `attempt`: everything before the
    dot. `idle`: then an unused connection is closed. `stale`: then it is asked before it is
    used. `goodbye`: closing.
    """

    connect: float = 10.0
    command: float = 30.0
    dot: float = 300.0
    attempt: float = 120.0
    idle: float = 60.0
    stale: float = 10.0
    goodbye: float = 2.0
