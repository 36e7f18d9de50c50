"""`notifier check`, email: each thing that goes wrong, from a server that does it, in sentences."""

import asyncio
import socket
from dataclasses import replace

import pytest

from notifier.channels.smtp_account import SmtpAccount
from notifier.channels.smtp_check import check
from notifier.model.findings import Condition, Finding
from tests.integration.check_cases import (
    CASES,
    FIREWALL,
    GMAIL_HELLO,
    HOST,
    OUTLOOK_HELLO,
    PORTS,
    QUICK,
    SEND_AS,
    Case,
)
from tests.integration.smtp_certificates import Certificate, certificate
from tests.integration.smtp_server import Conversation, SmtpServer
from tests.integration.smtp_setting import PASSWORD, SENDER, USER, Tls, setting


async def found(case: Case, **certificates: Certificate | None) -> tuple[list[Finding], SmtpServer]:
    """Run a check against a server that follows the case's script."""
    server = SmtpServer(mechanisms=case.mechanisms)
    if case.mechanisms.startswith("GSSAPI"):
        server.mechanisms = ""
    shown = certificates.get("shown")
    server.context = shown.context() if shown else None
    for name, step in case.script.items():
        # The same again for the second look.
        server.script[name] = [step] * 2
    async with setting(case.kind, None, server, certificates.get("trusted")) as one:
        account = replace(
            one.account,
            tls=case.tls or one.account.tls,
            user=case.user,
            password=case.password if case.user else None,
            from_email=case.sender,
        )
        findings = await check(account, case.deadlines)
        told = [
            replace(
                finding,
                cause=finding.cause.replace(account.remote, HOST),
                mend=finding.mend.replace(account.remote, HOST),
            )
            for finding in findings
        ]
    return told, server


@pytest.mark.parametrize("case", [pytest.param(one, id=name) for name, one in CASES.items()])
async def test_a_failure_is_told_with_its_cause_and_its_mend(case: Case) -> None:
    findings, server = await found(case)
    assert findings == [Finding("email", Condition.FAILED, case.cause, case.mend)]
    assert server.mails == []
    assert not {"RCPT", "DATA"} & set(server.verbs())
    if case.password:
        assert case.password not in repr(findings)


async def test_a_name_that_is_none_is_told() -> None:
    # It is no name at all, so that no name server is asked.
    account = SmtpAccount(host="mail..example.com", port=587, from_email=SENDER)
    (finding,) = await check(account)
    assert finding == Finding(
        "email",
        Condition.FAILED,
        "there is no server of the name mail..example.com, or this machine cannot look it up",
        "check SMTP_HOST for a typing error, and the DNS of this machine",
    )


async def test_a_refused_connection_is_told() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        (finding,) = await check(SmtpAccount(host="127.0.0.1", port=port, from_email=SENDER), QUICK)
    assert finding == Finding(
        "email",
        Condition.FAILED,
        f"127.0.0.1:{port} refused the connection: nothing listens there",
        f"check SMTP_HOST and SMTP_PORT: {PORTS}; and that the server runs",
    )


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
async def test_a_silent_server_is_told_within_its_deadlines(tls: Tls) -> None:
    awaited = "TLS handshake" if tls == "implicit" else "greeting"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        account = SmtpAccount(host="127.0.0.1", port=port, tls=tls, from_email=SENDER)
        async with asyncio.timeout(20):
            (finding,) = await check(account, QUICK)
    cause = f"127.0.0.1:{port} was silent: no {awaited} came in time"
    assert finding == Finding("email", Condition.FAILED, cause, FIREWALL)


CERTIFICATES = {
    "unknown": (
        "the certificate of HOST:PORT comes from an authority that is not known here",
        "set SMTP_CA_FILE to the authority's certificate in PEM; for a public provider, look for "
        "something on this network that intercepts TLS",
    ),
    "expired": (
        "the certificate of HOST:PORT has expired, or is not valid yet",
        "have the server's certificate renewed; and check the clock of this machine",
    ),
    "other-name": (
        "the certificate of HOST:PORT is for another name than 127.0.0.1",
        "set SMTP_HOST to the name that the certificate has",
    ),
}


@pytest.mark.parametrize("kind", ["starttls", "implicit"])
@pytest.mark.parametrize("way", CERTIFICATES)
async def test_a_certificate_that_is_not_trusted_is_told(kind: str, way: str) -> None:
    ordinary = await certificate()
    shown = {
        "unknown": ordinary,
        "expired": await certificate(year=2020),
        "other-name": await certificate("DNS:other.example.com"),
    }[way]
    trusted = await certificate("IP:127.0.0.2") if way == "unknown" else shown
    cause, mend = CERTIFICATES[way]
    findings, server = await found(
        Case(kind=kind, cause=cause, mend=mend), shown=shown, trusted=trusted
    )
    assert findings == [Finding("email", Condition.FAILED, cause, mend)]
    assert not any(verb.startswith("AUTH") for verb in server.verbs())


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("plain", "without encryption"),
        ("starttls", "with STARTTLS"),
        ("implicit", "with TLS"),
    ],
)
async def test_an_account_that_works_is_told_in_one_line(kind: str, how: str) -> None:
    findings, server = await found(Case(kind=kind, cause="", mend=""))
    cause = f"{HOST} {how}: signed in as {USER}, mails from {SENDER}"
    assert findings == [Finding("email", Condition.OK, cause)]
    assert server.verbs()[-3:] == ["MAIL", "RSET", "QUIT"]


async def test_a_relay_that_works_is_told_in_one_line() -> None:
    findings, _ = await found(Case(user=None, cause="", mend=""))
    cause = f"{HOST} without encryption: no sign-in is asked for, mails from {SENDER}"
    assert findings == [Finding("email", Condition.OK, cause)]


@pytest.mark.parametrize(
    ("hello", "cause", "mend"),
    [
        (
            GMAIL_HELLO,
            "FROM_EMAIL is at desk.example.com, and the Gmail account SMTP_USER is at "
            "example.com: Gmail replaces a sender that it does not know by the account's own",
            "set FROM_EMAIL to the address of SMTP_USER, or add FROM_EMAIL to the account in "
            "Gmail (Settings, Accounts, Send mail as)",
        ),
        (
            OUTLOOK_HELLO,
            "FROM_EMAIL is at desk.example.com, and the Microsoft account SMTP_USER is at "
            "example.com: Microsoft refuses such mails (SendAsDenied) unless the mailbox may "
            "send as it",
            f"set FROM_EMAIL to the address of SMTP_USER, or have the administrator give it "
            f"{SEND_AS}",
        ),
    ],
    ids=["gmail", "microsoft"],
)
async def test_a_sender_of_another_domain_than_the_account_is_a_warning(
    hello: bytes, cause: str, mend: str
) -> None:
    case = Case(script={"EHLO": hello}, sender="help@desk.example.com", cause=cause, mend=mend)
    findings, _ = await found(case)
    assert [finding.condition for finding in findings] == [Condition.OK, Condition.WARNING]
    assert (findings[1].cause, findings[1].mend) == (cause, mend)
    same, _ = await found(replace(case, sender="help@example.com"))
    assert [finding.condition for finding in same] == [Condition.OK]


async def test_what_a_server_repeats_of_the_password_is_hidden() -> None:
    def repeat(conversation: Conversation) -> None:
        line = conversation.server.commands[-1].line
        conversation.say(f"535 5.7.8 {line} {PASSWORD}\r\n".encode())

    findings, _ = await found(Case(script={"AUTH": repeat}, cause="", mend=""))
    assert PASSWORD not in repr(findings)
    assert "[hidden]" in findings[0].cause
