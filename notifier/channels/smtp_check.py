"""Trying a mail account for real: reach it, secure it, sign in, name the sender; send nothing.

Takes an account, gives findings. Refuses nothing: every failure is a finding with its cause and
its mend. MAIL FROM is as far as it goes, and RSET takes that back.
"""

import asyncio
import ssl

from notifier.channels import smtp_replies
from notifier.channels.faults import Fault
from notifier.channels.smtp_account import Deadlines, SmtpAccount
from notifier.channels.smtp_diagnosis import Answers, Diagnosis, explain, foreign_sender
from notifier.channels.smtp_session import open_wire
from notifier.channels.smtp_wire import Wire
from notifier.model.errors import DeliveryError, Evidence
from notifier.model.findings import Condition, Finding

ABOUT = "email"

PATIENCE = Deadlines(connect=4.0, command=8.0, attempt=15.0, goodbye=1.0)
"""In seconds: a person waits for the answer; with the second look it takes 20 s at most."""

_LONGEST_LINE = 500
_DOUBTFUL = {Fault.SILENT, Fault.CLOSED, Fault.NOT_TLS}


async def check(account: SmtpAccount, deadlines: Deadlines = PATIENCE) -> list[Finding]:
    """Give what was found; raises ConfigurationError as `SmtpAccount.context` does."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + deadlines.attempt
    try:
        wire = await open_wire(account, account.context(), deadlines, limit)
    except DeliveryError as error:
        answers = await _second_look(account, error.evidence, deadlines.connect)
        return [_failed(explain(account, error.evidence, answers))]
    try:
        refusal = await _name_sender(account, wire, min(limit, loop.time() + deadlines.command))
    finally:
        wire.leave(deadlines.goodbye)
    await asyncio.wait({wire.closed}, timeout=deadlines.goodbye * 2)
    if refusal is not None:
        return [_failed(explain(account, refusal))]
    return _well(account, wire.offers.greeting)


async def _name_sender(account: SmtpAccount, wire: Wire, limit: float) -> Evidence | None:
    try:
        wire.write(f"MAIL FROM:<{account.from_email}>\r\n".encode(), 1)
        said = await wire.reply(limit)
        if not said.positive:
            return said.evidence("mail", account.remote)
        wire.write(b"RSET\r\n", 1)
        await wire.reply(limit)
    except TimeoutError:
        return Evidence("mail", remote=account.remote, fault=Fault.SILENT)
    except ConnectionError as error:
        return Evidence("mail", reply=str(error), remote=account.remote, fault=Fault.CLOSED)
    return None


def _well(account: SmtpAccount, greeting: str) -> list[Finding]:
    how = {"starttls": "with STARTTLS", "implicit": "with TLS", "none": "without encryption"}
    signed = f"signed in as {account.user}" if account.signs_in else "no sign-in is asked for"
    cause = f"{account.remote} {how[account.tls]}: {signed}, mails from {account.from_email}"
    found = [Finding(ABOUT, Condition.OK, cause)]
    foreign = foreign_sender(account, greeting)
    if foreign is not None:
        found.append(Finding(ABOUT, Condition.WARNING, foreign.cause, foreign.mend))
    return found


def _failed(diagnosis: Diagnosis) -> Finding:
    return Finding(ABOUT, Condition.FAILED, diagnosis.cause, diagnosis.mend)


async def _second_look(account: SmtpAccount, evidence: Evidence, seconds: float) -> Answers | None:
    """Ask a port that did not answer one way the other way: its first line says what it is."""
    if evidence.fault not in _DOUBTFUL or evidence.phase not in ("connect", "tls"):
        return None
    secured = account.tls != "implicit"
    if secured and evidence.phase == "tls":
        # It had greeted already, so it is a mail server without TLS from the start.
        return None
    context = _trusting() if secured else None
    try:
        async with asyncio.timeout(seconds):
            return Answers(secured, await _first_line(account, context))
    except (OSError, ValueError):
        # Nothing could be learned this way; the first failure stands.
        return None


async def _first_line(account: SmtpAccount, context: ssl.SSLContext | None) -> str:
    reader, writer = await asyncio.open_connection(
        account.host, account.port, ssl=context, limit=_LONGEST_LINE
    )
    try:
        line = await reader.readline()
        return smtp_replies.clean(line.decode(errors="replace"))
    finally:
        writer.transport.abort()


def _trusting() -> ssl.SSLContext:
    """Give a context for looking only: nothing is said over it, and nothing believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
