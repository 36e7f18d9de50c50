"""The ways out of the house that the settings switch on.

Takes settings, gives channels by name, and one sentence about each for the log. Refuses nothing;
a channel's module is imported only when the channel is on, because its library may be heavy.
"""

import importlib
from typing import Any

from notifier.channels.base import Channel
from notifier.model.findings import Condition, Finding
from notifier.model.messages import Medium
from notifier.settings.settings import Settings

EMAIL = "email"
SMS = "sms"
MEDIA = {EMAIL: Medium.EMAIL, SMS: Medium.SMS}


def enabled(settings: Settings) -> frozenset[str]:
    """Give the channels that are switched on."""
    return frozenset(
        name for name, on in ((EMAIL, settings.enable_email), (SMS, settings.enable_sms)) if on
    )


def configured(settings: Settings) -> frozenset[str]:
    """Give the channels that have all they need to send."""
    return frozenset(
        name
        for name, able in ((EMAIL, settings.email_configured), (SMS, settings.sms_configured))
        if able
    )


def build(settings: Settings) -> dict[str, Channel]:
    """Give the channels that are on and configured, by name."""
    makers = {EMAIL: _email, SMS: _sms}
    on = enabled(settings) & configured(settings)
    return {name: make(settings) for name, make in makers.items() if name in on}


def _email(settings: Settings) -> Channel:
    smtp = importlib.import_module("notifier.channels.smtp")
    channel: Channel = smtp.SmtpChannel(smtp.SmtpAccount(**_email_account(settings)))
    return channel


def _email_account(settings: Settings) -> dict[str, Any]:
    signs_in = settings.smtp_auth != "none"
    return {
        "host": settings.smtp_host,
        "port": settings.smtp_port,
        "user": settings.smtp_user if signs_in else None,
        "password": settings.mail_password if signs_in else None,
        "tls": settings.tls,
        "auth": settings.smtp_auth,
        "from_email": settings.sender,
        "connections": settings.smtp_max_connections,
        "ca_file": settings.smtp_ca_file,
        "ehlo_hostname": settings.smtp_ehlo_hostname,
    }


def _sms(settings: Settings) -> Channel:
    twilio = importlib.import_module("notifier.channels.twilio")
    channel: Channel = twilio.TwilioChannel(twilio.TwilioAccount(**_sms_account(settings)))
    return channel


def _sms_account(settings: Settings) -> dict[str, Any]:
    token, secret = settings.twilio_auth_token, settings.twilio_api_secret
    return {
        "account_sid": settings.twilio_account_sid,
        "auth_token": token and token.get_secret_value(),
        "api_key": settings.twilio_api_key,
        "api_secret": secret and secret.get_secret_value(),
        "from_number": settings.twilio_phone_number,
        "messaging_service_sid": settings.twilio_messaging_service_sid,
        "api_base": settings.twilio_api_base,
    }


async def check_email(settings: Settings) -> list[Finding]:
    """Sign in to the mail server; raises ConfigurationError for an account that cannot work."""
    if not settings.enable_email:
        return [Finding(EMAIL, Condition.OFF, "ENABLE_EMAIL is false")]
    if not settings.email_configured:
        return [
            Finding(
                EMAIL,
                Condition.FAILED,
                "SMTP_USER and SMTP_PASSWORD are not set, so no mail is sent",
                "set them and FROM_EMAIL; a relay without sign-in needs SMTP_AUTH=none and "
                "FROM_EMAIL; ENABLE_EMAIL=false if no mail is wanted",
            )
        ]
    smtp_check = importlib.import_module("notifier.channels.smtp_check")
    account = smtp_check.SmtpAccount(**_email_account(settings))
    account.check()
    found: list[Finding] = await smtp_check.check(account)
    return found


async def check_sms(settings: Settings) -> list[Finding]:
    """Sign in to Twilio; raises ConfigurationError when TWILIO_API_BASE is no address."""
    if not settings.enable_sms:
        return [Finding(SMS, Condition.OFF, "ENABLE_SMS is false")]
    if not settings.sms_configured:
        return [
            Finding(
                SMS,
                Condition.FAILED,
                "no Twilio account is set, so no text message is sent",
                "set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER; "
                "ENABLE_SMS=false if no text messages are wanted",
            )
        ]
    twilio_check = importlib.import_module("notifier.channels.twilio_check")
    account = twilio_check.TwilioAccount(**_sms_account(settings), total_timeout=8.0)
    found: list[Finding] = await twilio_check.check(account)
    return found


def start_lines(settings: Settings) -> tuple[str, str]:
    """Give one sentence per channel: whether it can send, and what is missing if not."""
    return _email_line(settings), _sms_line(settings)


def _email_line(settings: Settings) -> str:
    if not settings.enable_email:
        return "[Email] disabled: ENABLE_EMAIL is false"
    if not settings.email_configured:
        return (
            "[Email] disabled: SMTP_USER and SMTP_PASSWORD are not set "
            "(a relay without sign-in needs SMTP_AUTH=none and FROM_EMAIL)"
        )
    if settings.smtp_auth == "none":
        return f"[Email] SMTP relay {settings.smtp_host}:{settings.smtp_port} without sign-in"
    return "[Email] SMTP credentials configured"


def _sms_line(settings: Settings) -> str:
    if not settings.enable_sms:
        return "[SMS] disabled: ENABLE_SMS is false"
    if not settings.sms_configured:
        return (
            "[SMS] disabled: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_PHONE_NUMBER "
            "are not set"
        )
    return "[SMS] Twilio credentials configured"
