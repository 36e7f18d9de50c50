"""The account of the email channel, and what it refuses before anything is opened."""

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from notifier.channels.smtp import Deadlines, SmtpAccount, SmtpChannel
from notifier.model.errors import ConfigurationError
from notifier.model.messages import Medium, Outgoing, Sms

PASSWORD = "a-password-that-nobody-may-see"
ACCOUNT = SmtpAccount(
    host="mail.example.com",
    port=587,
    user="mailer@example.com",
    password=PASSWORD,
    from_email="desk@example.com",
)


def test_a_sound_account_makes_a_channel() -> None:
    channel = SmtpChannel(replace(ACCOUNT, connections=3))
    assert (channel.name, channel.medium) == ("email", Medium.EMAIL)
    assert (channel.about.title, channel.about.places) == ("Email", 3)
    assert not channel.about.commits_start
    SmtpChannel(replace(ACCOUNT, user=None, password=None, auth="none", ehlo_hostname="a.example"))


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (replace(ACCOUNT, host="mail.example.com\r\nQUIT"), "SMTP_HOST"),
        (replace(ACCOUNT, host=""), "SMTP_HOST"),
        (replace(ACCOUNT, port=0), "SMTP_PORT"),
        (replace(ACCOUNT, port=65536), "SMTP_PORT"),
        (replace(ACCOUNT, connections=0), "SMTP_MAX_CONNECTIONS"),
        (replace(ACCOUNT, from_email="desk"), "FROM_EMAIL"),
        (replace(ACCOUNT, from_email="desk@example.com>\r\nDATA"), "FROM_EMAIL"),
        (replace(ACCOUNT, ehlo_hostname="two words"), "SMTP_EHLO_HOSTNAME"),
        (replace(ACCOUNT, ehlo_hostname="bücher.example"), "SMTP_EHLO_HOSTNAME"),
        (replace(ACCOUNT, password=None), "SMTP_PASSWORD"),
        (replace(ACCOUNT, ca_file="there-is-no-such-file.pem"), "SMTP_CA_FILE"),
    ],
)
def test_an_account_that_cannot_work_is_refused_by_name(wrong: SmtpAccount, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        SmtpChannel(wrong)
    assert PASSWORD not in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        SmtpChannel(replace(ACCOUNT, port=0, connections=0))
    assert len(str(caught.value).splitlines()) == 2


def test_a_file_of_authorities_that_holds_none_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing here\n")
    with pytest.raises(ConfigurationError, match="SMTP_CA_FILE"):
        SmtpChannel(replace(ACCOUNT, ca_file=str(empty)))


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_servers_must_prove_who_they_are_with_tls_of_today(
    tls: Literal["starttls", "implicit"],
) -> None:
    context = replace(ACCOUNT, tls=tls).context()
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_connection_in_the_clear_is_only_made_on_demand() -> None:
    assert replace(ACCOUNT, tls="none").context() is None
    assert ACCOUNT.tls == "starttls"


def test_no_repr_shows_the_password() -> None:
    channel = SmtpChannel(ACCOUNT)
    assert PASSWORD not in repr(ACCOUNT) + repr(channel) + repr(vars(channel))


def test_the_deadlines_are_those_that_are_published() -> None:
    usual = Deadlines()
    assert (usual.connect, usual.command, usual.dot, usual.attempt) == (10, 30, 300, 120)


async def test_it_carries_mails_only() -> None:
    with pytest.raises(TypeError, match="mails only"):
        await SmtpChannel(ACCOUNT).send(
            Outgoing(Sms("text", "GSM-7", 1), "john@example.com", "the-nonce", 60), lambda: True
        )
