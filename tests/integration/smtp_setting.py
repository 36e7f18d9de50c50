"""What the tests of the email channel share: a server of each kind with a channel beside it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

import pytest

from notifier.channels.smtp import Deadlines, SmtpAccount, SmtpChannel
from notifier.model.errors import DeliveryError
from notifier.model.messages import Email, Outgoing
from tests.faults import catalogue
from tests.integration.smtp_certificates import Certificate, certificate, write
from tests.integration.smtp_server import SmtpServer, serving

Tls = Literal["starttls", "implicit", "none"]

KINDS: dict[str, Tls] = {"plain": "none", "starttls": "starttls", "implicit": "implicit"}
"""The server's kind, and the setting that goes with it."""

USER = "mailer@example.com"
PASSWORD = "a-password-that-nobody-may-see"
SENDER = "desk@example.com"
TO = "john@example.com"
RAW = b"Subject: Ticket\r\n\r\nHello\r\n.\r\n..two\r\n.dot at the end\r\n"

TINY = Deadlines(connect=0.4, command=0.4, dot=0.4)
"""For tests that wait for a deadline; the others keep the real ones, which never come."""

SHORT = Deadlines(connect=1.0, command=1.0, dot=1.0)
"""For tests in which something else must come in time."""


class Changes(TypedDict, total=False):
    """What differs from the usual account."""

    user: str | None
    password: str | None
    tls: Tls
    auth: Literal["auto", "plain", "login", "none"]
    from_email: str
    connections: int
    ehlo_hostname: str | None


def cell(
    name: str, *, kinds: tuple[str, ...] = tuple(KINDS), **ways: object
) -> pytest.MarkDecorator:
    """Run a test once per kind of connection, and per way; its id names the fault's cell.

    The test takes `kind`, and `way` when there are ways. `name` may be another word than a cell.
    """
    marks = [pytest.mark.fault(name)] if catalogue.NAME.fullmatch(name) else []
    if not ways:
        return pytest.mark.parametrize(
            "kind", [pytest.param(kind, id=f"{name}-{kind}", marks=marks) for kind in kinds]
        )
    return pytest.mark.parametrize(
        ("kind", "way"),
        [
            pytest.param(kind, way, id=f"{name}-{kind}-{label}", marks=marks)
            for kind in kinds
            for label, way in ways.items()
        ],
    )


def letter(to: str = TO, raw: bytes = RAW) -> Outgoing:
    return Outgoing(Email("Ticket", "Hello", "<p>Hello</p>", raw), to, "the-nonce", 3600)


def ours() -> bool:
    return True


@dataclass(frozen=True)
class Setting:
    """A server that runs, an account on it, and a channel that knows it."""

    server: SmtpServer
    channel: SmtpChannel
    account: SmtpAccount

    async def refused(self, outgoing: Outgoing | None = None) -> DeliveryError:
        """Give the error that a send ends in."""
        with pytest.raises(DeliveryError) as caught:
            await self.channel.send(outgoing or letter(), ours)
        assert caught.value.evidence.remote == f"127.0.0.1:{self.server.port}"
        assert PASSWORD not in str(caught.value) + repr(caught.value.evidence)
        return caught.value


@asynccontextmanager
async def setting(
    kind: str = "plain",
    deadlines: Deadlines | None = None,
    server: SmtpServer | None = None,
    trusted: Certificate | None = None,
    **changes: Unpack[Changes],
) -> AsyncIterator[Setting]:
    """Run a server of the kind, and give a channel that trusts it."""
    server = server or SmtpServer()
    server.kind = kind
    mine = await certificate()
    server.context = server.context or mine.context()
    with tempfile.TemporaryDirectory() as folder:
        authorities = write(folder, "ca.pem", (trusted or mine).pem)
        async with serving(server):
            account = SmtpAccount(
                host="127.0.0.1",
                port=server.port,
                user=changes.get("user", USER),
                password=changes.get("password", PASSWORD),
                tls=changes.get("tls", KINDS[kind]),
                auth=changes.get("auth", "auto"),
                from_email=changes.get("from_email", SENDER),
                connections=changes.get("connections", 4),
                ca_file=authorities,
                ehlo_hostname=changes.get("ehlo_hostname"),
            )
            channel = SmtpChannel(account, deadlines)
            try:
                yield Setting(server, channel, account)
            finally:
                await channel.close()
