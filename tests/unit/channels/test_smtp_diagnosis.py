"""What no server on loopback can show: names of providers, and networks that cannot be reached."""

from dataclasses import replace

import pytest

from notifier.channels.faults import Fault
from notifier.channels.smtp_account import SmtpAccount
from notifier.channels.smtp_diagnosis import Answers, explain, foreign_sender, protocol_of
from notifier.channels.smtp_providers import Provider, provider_of
from notifier.model.errors import Evidence

ACCOUNT = SmtpAccount(
    host="mail.example.com",
    port=587,
    user="desk@example.com",
    password="not-to-be-shown",
    from_email="desk@example.com",
)
REFUSED = Evidence("auth", 535, "5.7.8", "5.7.8 Username and Password not accepted")


@pytest.mark.parametrize(
    ("host", "said", "provider"),
    [
        ("smtp.gmail.com", "", Provider.GMAIL),
        ("SMTP.GoogleMail.com.", "", Provider.GMAIL),
        ("smtp.office365.com", "", Provider.MICROSOFT),
        ("smtp-mail.outlook.com", "", Provider.MICROSOFT),
        ("mail.example.com", "smtp.gmail.com at your service", Provider.GMAIL),
        ("mail.example.com", "AM0PR01.outlook.office365.com Hello", Provider.MICROSOFT),
        ("mail.example.com", "mail.example.com", None),
        ("notsmtp.gmail.com.example.com", "", None),
        ("myoutlook.com", "", None),
    ],
)
def test_a_provider_is_known_by_its_name_or_its_words(
    host: str, said: str, provider: Provider | None
) -> None:
    assert provider_of(replace(ACCOUNT, host=host), said) is provider


@pytest.mark.parametrize("length", [8, 15, 17, 19])
def test_at_gmail_a_password_of_another_length_is_told(length: int) -> None:
    account = replace(ACCOUNT, host="smtp.gmail.com", password="x" * length)
    found = explain(account, REFUSED)
    assert found.cause.endswith(
        f"SMTP_PASSWORD has {length} characters, and an app password has 16"
    )
    assert "make an app password" in found.mend
    right = explain(replace(account, password="x" * 16), REFUSED)
    assert "characters" not in right.cause
    assert right.mend == found.mend


def test_at_microsoft_the_mailbox_has_to_allow_it() -> None:
    found = explain(replace(ACCOUNT, host="smtp.office365.com"), REFUSED)
    assert "must allow Authenticated SMTP for the mailbox" in found.mend
    assert "Google" not in found.mend


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault.UNREACHABLE, "mail.example.com:587 cannot be reached: No route to host"),
        (Fault.CERTIFICATE, "the certificate of mail.example.com:587 is not trusted: No route"),
        (Fault.NOT_TLS, "no encrypted connection to mail.example.com:587 came about: No route"),
        (Fault.TAMPERED, "something between here and mail.example.com:587 meddles with"),
    ],
)
def test_other_faults_have_their_sentences(fault: Fault, cause: str) -> None:
    found = explain(ACCOUNT, Evidence("tls", reply="No route to host.", fault=fault))
    assert found.cause.startswith(cause)
    assert found.mend


@pytest.mark.parametrize(
    ("words", "protocol"),
    [
        ("220 mail ESMTP", "SMTP"),
        ("* OK ready", "IMAP"),
        ("* BYE later", "IMAP"),
        ("* PREAUTH hello", "IMAP"),
        ("+OK ready", "POP3"),
        ("SSH-2.0-OpenSSH_9.2", "SSH"),
        ("HTTP/1.1 400 Bad Request", "HTTP"),
        ("hello", None),
        ("", None),
    ],
)
def test_a_protocol_is_known_by_its_first_words(words: str, protocol: str | None) -> None:
    assert protocol_of(words) == protocol


def test_what_answered_nothing_to_the_second_look_leaves_the_first_failure() -> None:
    silent = Evidence("connect", fault=Fault.SILENT)
    for words in ("", "hello"):
        assert explain(ACCOUNT, silent, Answers(True, words)) == explain(ACCOUNT, silent)


def test_a_reply_without_end_is_shortened() -> None:
    found = explain(ACCOUNT, replace(REFUSED, reply="x" * 500))
    assert len(found.cause) < 300
    assert found.cause.endswith("…")


@pytest.mark.parametrize(
    "changed",
    [
        {"host": "mail.example.com"},
        {"user": None},
        {"user": "desk"},
        {"from_email": "other@Example.COM"},
        {"auth": "none"},
    ],
)
def test_only_another_domain_at_a_known_provider_is_worth_a_word(changed: dict[str, str]) -> None:
    foreign = replace(ACCOUNT, host="smtp.gmail.com", from_email="help@desk.example.com")
    assert foreign_sender(foreign, "") is not None
    assert foreign_sender(replace(foreign, **changed), "") is None  # type: ignore[arg-type]
