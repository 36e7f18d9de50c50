"""Whose mail server this is, as far as that changes what a reply means or what will work.

Takes the account and what a server said, gives the provider or None. Refuses nothing.
"""

from enum import Enum

from notifier.channels.smtp_account import SmtpAccount

APP_PASSWORD = 16
"""Google's app passwords have so many letters, shown in groups of four."""


class Provider(Enum):
    """The providers whose refusals have causes of their own."""

    GMAIL = "Gmail"
    MICROSOFT = "Microsoft"


_HOSTS = {
    Provider.GMAIL: ("smtp.gmail.com", "smtp.googlemail.com"),
    Provider.MICROSOFT: (".office365.com", ".outlook.com", ".office.com"),
}
_WORDS = {
    Provider.GMAIL: ("gsmtp", "smtp.gmail.com", "support.google.com"),
    Provider.MICROSOFT: ("outlook.office365.com", ".outlook.com", "aka.ms/smtp", "exchangelabs"),
}


def provider_of(account: SmtpAccount, said: str = "") -> Provider | None:
    """Give the provider, by the server's name or else by its words."""
    host, words = account.host.lower().rstrip("."), said.lower()
    for provider, names in _HOSTS.items():
        if any(host == name or (name[0] == "." and host.endswith(name)) for name in names):
            return provider
    return next(
        (one for one, marks in _WORDS.items() if any(mark in words for mark in marks)), None
    )
