"""The ways out of the house that the settings switch on.

Takes settings, gives channels by name, and one sentence about each for the log. Refuses nothing;
a channel's module is imported only when the channel is on, because its library may be heavy.
"""

import importlib

from notifier.channels.base import Channel
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
    signs_in = settings.smtp_auth != "none"
    channel: Channel = smtp.SmtpChannel(
        smtp.SmtpAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            user=settings.smtp_user if signs_in else None,
            password=settings.mail_password if signs_in else None,
            tls=settings.tls,
            auth=settings.smtp_auth,
            from_email=settings.sender,
            connections=settings.smtp_max_connections,
            ca_file=settings.smtp_ca_file,
            ehlo_hostname=settings.smtp_ehlo_hostname,
        )
    )
    return channel


def _sms(settings: Settings) -> Channel:
    twilio = importlib.import_module("notifier.channels.twilio")
    token, secret = settings.twilio_auth_token, settings.twilio_api_secret
    channel: Channel = twilio.TwilioChannel(
        twilio.TwilioAccount(
            account_sid=settings.twilio_account_sid,
            auth_token=token and token.get_secret_value(),
            api_key=settings.twilio_api_key,
            api_secret=secret and secret.get_secret_value(),
            from_number=settings.twilio_phone_number,
            messaging_service_sid=settings.twilio_messaging_service_sid,
            api_base=settings.twilio_api_base,
        )
    )
    return channel


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
