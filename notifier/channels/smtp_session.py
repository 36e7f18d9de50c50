"""Opening a session: connect, secure, say hello, sign in, then take the transport over.

Takes an account and its TLS context, gives a wire. Refuses to speak in the clear where
encryption was asked for, and to sign in a second time by another mechanism; raises
ChannelDown with the phase in which it ended.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiosmtplib

from notifier.channels import faults, smtp_replies
from notifier.channels.faults import Fault
from notifier.channels.smtp_account import Deadlines, SmtpAccount
from notifier.channels.smtp_replies import ReplyReader
from notifier.channels.smtp_wire import WRITE_LIMIT, Offers, Transport, Wire, usable
from notifier.model.errors import ChannelDown, DeliveryError, Evidence
from notifier.model.reasons import Reason

_MOST_WATCHED = 8192


async def open_wire(
    account: SmtpAccount, context: ssl.SSLContext | None, deadlines: Deadlines, limit: float
) -> Wire:
    """Give a wire that is ready for MAIL; raises ChannelDown, at loop time `limit` at the latest.

    `context` is None exactly when `account.tls` is `none`.
    """
    opening = _Opening(account, context, deadlines)
    try:
        async with asyncio.timeout_at(limit):
            return await opening.run()
    except aiosmtplib.SMTPResponseException as error:
        if error.code < 0:
            raise opening.failure(error.message, Fault.NOT_SMTP) from None
        raise opening.refused(error.code, error.message) from None
    except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
        raise opening.failure(_words(error), faults.fault_of(error)) from None
    finally:
        opening.let_go()


class _Opening:
    """One try to open a session; `phase` is how far it has come."""

    def __init__(
        self, account: SmtpAccount, context: ssl.SSLContext | None, deadlines: Deadlines
    ) -> None:
        self._account = account
        self._context = context
        self._deadlines = deadlines
        self._transport: Transport | None = None
        self._step: Fault | None = Fault.GREETING
        self.phase = "connect"

    async def run(self) -> Wire:
        account = self._account
        smtp = await self._connect()
        await self._greet(smtp)
        if account.tls == "starttls":
            await self._secure(smtp)
            await self._greet(smtp)
        self._step = None
        if account.signs_in:
            # RFC 4954 section 4 asks for another EHLO only after mechanisms that encrypt.
            await self._sign_in(smtp)
        wire = Wire(usable(smtp.transport), _offers(smtp))
        self._transport = None
        return wire

    def let_go(self) -> None:
        """Close what was not handed on."""
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self) -> aiosmtplib.SMTP:
        account = self._account
        # Its own socket, because the library has one deadline for reaching a server and for
        # its greeting, and greetings are late on purpose where spam is kept waiting.
        sock = await _reach(account, self._deadlines.connect)
        smtp = aiosmtplib.SMTP(
            hostname=account.host,
            sock=sock,
            timeout=self._deadlines.command,
            use_tls=account.tls == "implicit",
            start_tls=False,
            tls_context=self._context,
            local_hostname=account.ehlo_hostname or _literal(sock),
        )
        try:
            await smtp.connect()
        except aiosmtplib.SMTPException as error:
            if account.tls == "implicit" and _before_greeting(error):
                self.phase = "tls"
            raise
        self._transport = usable(smtp.transport)
        return smtp

    async def _greet(self, smtp: aiosmtplib.SMTP) -> None:
        self._step = Fault.HELLO
        await smtp.ehlo()

    async def _secure(self, smtp: aiosmtplib.SMTP) -> None:
        self.phase, self._step = "tls", Fault.NO_STARTTLS
        if not smtp.supports_extension("starttls"):
            words = "the mail server offers no STARTTLS, and SMTP_TLS asks for it"
            raise self.failure(words, Fault.NO_STARTTLS)
        transport = usable(smtp.transport)
        # What lies beneath the encryption must not hold back what seems to have left.
        transport.set_write_buffer_limits(high=WRITE_LIMIT)
        watch = _Watch(transport.get_protocol())
        transport.set_protocol(watch)
        await smtp.starttls()
        self._transport = usable(smtp.transport)
        if not watch.saw_one_reply():
            words = "something was slipped in before the encryption began"
            raise self.failure(words, Fault.TAMPERED)

    async def _sign_in(self, smtp: aiosmtplib.SMTP) -> None:
        self.phase = "auth"
        account = self._account
        secured = smtp.get_transport_info("sslcontext") is not None
        if not secured and account.tls != "none":
            raise self.failure("the connection is not encrypted")
        # One mechanism, once: each refusal counts towards locking the account.
        sign_in = self._mechanism(smtp)
        await sign_in(account.user or "", account.password or "")

    def _mechanism(
        self, smtp: aiosmtplib.SMTP
    ) -> Callable[[str, str], Awaitable[aiosmtplib.SMTPResponse]]:
        auth, offered = self._account.auth, smtp.server_auth_methods
        wanted = ("plain", "login") if auth == "auto" else (auth,)
        name = next((one for one in wanted if one in offered), None)
        if name is None:
            names = " ".join(offered).upper() or "no sign-in at all"
            words = f"the mail server offers {names}, SMTP_AUTH asks for {' or '.join(wanted)}"
            raise self.failure(words, Fault.NO_MECHANISM)
        return smtp.auth_plain if name == "plain" else smtp.auth_login

    # -- what went wrong ----------------------------------------------------------------------

    def failure(self, words: str, fault: Fault | None = None) -> ChannelDown:
        """Give the error for what was no reply."""
        reply = smtp_replies.clean(self._hidden(words))
        evidence = Evidence(self.phase, reply=reply, remote=self._account.remote, fault=fault)
        return ChannelDown(Reason.RETRIES_EXHAUSTED, evidence)

    def refused(self, code: int, text: str) -> DeliveryError:
        """Give the error for a reply."""
        said = smtp_replies.reply(code, self._hidden(text))
        error = smtp_replies.refusal(self.phase, said, self._account.remote)
        error.evidence = replace(error.evidence, fault=self._step)
        return error

    def _hidden(self, text: str) -> str:
        """Take secrets out of what a server repeats of a command it did not understand."""
        user, password = self._account.user or "", self._account.password or ""
        for secret in (f"\0{user}\0{password}", password):
            encoded = base64.b64encode(secret.encode()).decode()
            for form in (encoded, secret):
                text = text.replace(form, "[hidden]") if password else text
        return text


class _Watch(asyncio.Protocol):
    """Looks at what arrives in the clear after STARTTLS, and passes it on.

    RFC 3207 section 4.2, and the attacks since: whatever follows the reply in the clear would
    be taken for part of the secured session.
    """

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._seen = b""

    def saw_one_reply(self) -> bool:
        """Tell whether exactly one reply came."""
        reader = ReplyReader()
        try:
            return len(list(reader.feed(self._seen))) == 1 and not reader.pending
        except ValueError:
            return False

    def data_received(self, data: bytes) -> None:
        self._seen = (self._seen + data)[:_MOST_WATCHED]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._inner.connection_lost(exc)


async def _reach(account: SmtpAccount, seconds: float) -> socket.socket:
    """Give a connected socket; every address of the server gets its share of the time."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(account.host, account.port, type=socket.SOCK_STREAM)
    failure: OSError = OSError("the mail server has no address")
    for family, kind, number, _, address in found:
        sock = socket.socket(family, kind, number)
        try:
            sock.setblocking(False)
            # The dot is a small write after another one; it must not wait for an ACK.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            async with asyncio.timeout(seconds / len(found)):
                await loop.sock_connect(sock, address)
            return sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure


def _literal(sock: socket.socket) -> str:
    """Give our address as RFC 5321 section 4.1.3 writes it; no name that must be looked up."""
    address = str(sock.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _before_greeting(error: aiosmtplib.SMTPException) -> bool:
    """Tell whether connecting failed in the handshake, whose errors are not the library's own."""
    greeted = isinstance(error, aiosmtplib.SMTPResponseException)
    return not greeted and not isinstance(error.__cause__, aiosmtplib.SMTPException)


def _offers(smtp: aiosmtplib.SMTP) -> Offers:
    said = smtp.last_ehlo_response
    size = smtp.esmtp_extensions.get("size")
    if size is not None:
        # RFC 1870 section 4: no number, or zero, means no fixed limit.
        size = size if size.isascii() and size.isdecimal() and len(size) < 20 else "0"
    return Offers(
        pipelining=smtp.supports_extension("pipelining"),
        size=None if size is None else int(size),
        smtputf8=smtp.supports_extension("smtputf8"),
        greeting=smtp_replies.clean(said.message.partition("\n")[0] if said else ""),
    )


def _words(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the mail server's certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"no encrypted connection came about: {cause.reason or cause}"
    if isinstance(cause, TimeoutError):
        return "the mail server did not answer in time"
    return str(cause)
