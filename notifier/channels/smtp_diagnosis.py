"""What is wrong with a mail account, in sentences: the cause, and how to mend it.

Takes an account, the evidence of a failed session, and the first words of whatever answers on
the port; gives cause and mend. Refuses nothing: what no row knows is told in the server's own
words. Replies: RFC 4954, RFC 3207, and the help pages of Google and Microsoft.
"""

import re
from dataclasses import dataclass

from notifier.channels.faults import Fault
from notifier.channels.smtp_account import SmtpAccount
from notifier.channels.smtp_providers import APP_PASSWORD, Provider, provider_of
from notifier.model.errors import Evidence

_LONGEST_WORDS = 240

_GREETINGS = {
    "220": "SMTP",
    "* OK": "IMAP",
    "* BYE": "IMAP",
    "* PREAUTH": "IMAP",
    "+OK": "POP3",
    "SSH-": "SSH",
    "HTTP/": "HTTP",
}
_MALFORMED = "Malformed SMTP response line: "

PORTS = "587 with STARTTLS, or 465 with TLS from the start"


@dataclass(frozen=True, slots=True)
class Answers:
    """What answered when the port was looked at the other way: with TLS, or without it.

    `words` is its first line, empty when it said nothing.
    """

    secured: bool
    words: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why it does not work, and what to do."""

    cause: str
    mend: str


def protocol_of(words: str) -> str | None:
    """Give the protocol that begins like this, or None."""
    return next((name for mark, name in _GREETINGS.items() if words.startswith(mark)), None)


def explain(account: SmtpAccount, evidence: Evidence, answers: Answers | None = None) -> Diagnosis:
    """Give the diagnosis of a session that ended so."""
    if answers is not None and (found := _other_protocol(account, answers)):
        return found
    match evidence.fault:
        case Fault.NOT_SMTP:
            return _not_smtp(account, evidence)
        case Fault.GREETING | Fault.HELLO | Fault.NO_STARTTLS | Fault.NO_MECHANISM:
            return _session(account, evidence)
        case None:
            return _reply(account, evidence)
        case _:
            return _unreached(account, evidence)


# -- reaching the server ----------------------------------------------------------------------


def _other_protocol(account: SmtpAccount, answers: Answers) -> Diagnosis | None:
    protocol = protocol_of(answers.words)
    if protocol is None:
        return None
    if protocol != "SMTP":
        return _wrong_port(account, protocol)
    if answers.secured:
        return Diagnosis(
            f"{account.remote} speaks TLS from the start, and SMTP_TLS asks for "
            f"{_tls_words(account)}",
            "set SMTP_TLS=implicit (SMTP_TLS=auto does so for port 465), or SMTP_PORT=587",
        )
    return Diagnosis(
        f"{account.remote} does not speak TLS from the start, as SMTP_TLS asks for",
        "set SMTP_TLS=starttls (SMTP_TLS=auto does so for every port but 465), or SMTP_PORT=465",
    )


def _wrong_port(account: SmtpAccount, protocol: str) -> Diagnosis:
    return Diagnosis(
        f"{account.remote} is not a mail server that takes mail: it speaks {protocol}",
        f"set SMTP_HOST and SMTP_PORT to those for outgoing mail (SMTP): {PORTS}",
    )


def _not_smtp(account: SmtpAccount, evidence: Evidence) -> Diagnosis:
    words = (evidence.reply or "").removeprefix(_MALFORMED)
    protocol = protocol_of(words)
    if protocol is not None:
        return _wrong_port(account, protocol)
    return Diagnosis(
        f"{account.remote} answers, but not as a mail server: {_quoted(words)}",
        f"set SMTP_HOST and SMTP_PORT to those for outgoing mail (SMTP): {PORTS}",
    )


def _unreached(account: SmtpAccount, evidence: Evidence) -> Diagnosis:
    cause, mend = {
        Fault.NO_HOST: (
            f"there is no server of the name {account.host}, or this machine cannot look it up",
            "check SMTP_HOST for a typing error, and the DNS of this machine",
        ),
        Fault.REFUSED: (
            f"{account.remote} refused the connection: nothing listens there",
            f"check SMTP_HOST and SMTP_PORT: {PORTS}; and that the server runs",
        ),
        Fault.UNREACHABLE: (
            f"{account.remote} cannot be reached: {_quoted(evidence.reply)}",
            "check SMTP_HOST, and the network and firewall of this machine",
        ),
        Fault.SILENT: (
            f"{account.remote} was silent: no {_awaited(evidence)} came in time",
            "let the firewall of this machine, or of its host, allow outgoing connections to "
            f"SMTP_PORT (many block 25); else check SMTP_PORT: {PORTS}",
        ),
        Fault.CLOSED: (
            f"{account.remote} closed the connection without a word, while we waited for the "
            f"{_awaited(evidence)}",
            f"check SMTP_PORT: {PORTS}; and whether the server admits the address of this machine",
        ),
        Fault.TAMPERED: (
            f"something between here and {account.remote} meddles with the connection before it "
            "is encrypted",
            "take out of the way whatever inspects mail on this network, or set SMTP_PORT=465",
        ),
    }.get(Fault(evidence.fault or Fault.UNREACHABLE), _insecure(account, evidence))
    return Diagnosis(cause, mend)


def _insecure(account: SmtpAccount, evidence: Evidence) -> tuple[str, str]:
    match evidence.fault:
        case Fault.CERTIFICATE_UNKNOWN:
            return (
                f"the certificate of {account.remote} comes from an authority that is not known "
                "here",
                "set SMTP_CA_FILE to the authority's certificate in PEM; for a public provider, "
                "look for something on this network that intercepts TLS",
            )
        case Fault.CERTIFICATE_EXPIRED:
            return (
                f"the certificate of {account.remote} has expired, or is not valid yet",
                "have the server's certificate renewed; and check the clock of this machine",
            )
        case Fault.CERTIFICATE_NAME:
            return (
                f"the certificate of {account.remote} is for another name than {account.host}",
                "set SMTP_HOST to the name that the certificate has",
            )
        case Fault.CERTIFICATE:
            return (
                f"the certificate of {account.remote} is not trusted: {_quoted(evidence.reply)}",
                "have the server's certificate mended",
            )
        case _:
            return (
                f"no encrypted connection to {account.remote} came about: "
                f"{_quoted(evidence.reply)}",
                f"check SMTP_PORT and SMTP_TLS: {PORTS}; the server must speak TLS 1.2 or newer",
            )


def _awaited(evidence: Evidence) -> str:
    return {"connect": "greeting", "tls": "TLS handshake", "auth": "answer to the sign-in"}.get(
        evidence.phase, "reply"
    )


# -- the session ------------------------------------------------------------------------------


def _session(account: SmtpAccount, evidence: Evidence) -> Diagnosis:
    said = _said(evidence)
    match evidence.fault:
        case Fault.HELLO:
            return Diagnosis(
                f"{account.remote} refused our greeting (EHLO): {said}",
                "set SMTP_EHLO_HOSTNAME to the full name of this machine, such as "
                "notifier.example.com; some servers also want this machine's address to be known "
                "to them",
            )
        case Fault.GREETING:
            return Diagnosis(
                f"{account.remote} does not serve this machine: {said}",
                "check SMTP_HOST; if it is right, have this machine's address allowed on the "
                "server, or wait if the server is overloaded",
            )
        case Fault.NO_STARTTLS:
            return _no_starttls(account, evidence)
        case _:
            return Diagnosis(
                f"{account.remote}: {_quoted(evidence.reply)}",
                "set SMTP_AUTH=auto; with SMTP_TLS=none many servers offer no sign-in, so set "
                "SMTP_TLS=auto; a relay without sign-in needs SMTP_AUTH=none",
            )


def _no_starttls(account: SmtpAccount, evidence: Evidence) -> Diagnosis:
    if evidence.code is not None:
        return Diagnosis(
            f"{account.remote} offers STARTTLS and then refuses it: {_said(evidence)}",
            "try again later; if it stays so, the server's certificate or TLS is not set up",
        )
    return Diagnosis(
        f"{account.remote} offers no STARTTLS, so mails and password would travel unencrypted",
        f"check SMTP_PORT: {PORTS}; only for a relay on a network that you trust, set "
        "SMTP_TLS=none",
    )


def _reply(account: SmtpAccount, evidence: Evidence) -> Diagnosis:
    """Tell what a refusal at sign-in, or of the sender, means."""
    said = _said(evidence)
    for row in _ROWS:
        if row.fits(account, evidence):
            return Diagnosis(f"{account.remote} {row.cause}: {said}", row.mend)
    if evidence.phase == "auth":
        return _sign_in(account, said)
    return Diagnosis(
        f"{account.remote} refused at {evidence.phase.upper()}: {said}",
        "what the server says is the cause; its operator can tell more",
    )


def _sign_in(account: SmtpAccount, said: str) -> Diagnosis:
    cause = f"{account.remote} refused the sign-in: {said}"
    match provider_of(account, said):
        case Provider.GMAIL:
            return Diagnosis(f"{cause}{_password_words(account)}", _GOOGLE_MEND)
        case Provider.MICROSOFT:
            return Diagnosis(cause, _MICROSOFT_MEND)
    return Diagnosis(
        cause,
        "check SMTP_USER and SMTP_PASSWORD; some providers want a password "
        "made for programs (app password, SMTP credential) instead of the account's",
    )


def _password_words(account: SmtpAccount) -> str:
    length = len(account.password or "")
    if length == APP_PASSWORD:
        return ""
    return f"; SMTP_PASSWORD has {length} characters, and an app password has {APP_PASSWORD}"


_GOOGLE_MEND = (
    "make an app password (Google account, Security, 2-Step Verification, App passwords) and set "
    f"SMTP_PASSWORD to its {APP_PASSWORD} letters; the account's own password does not work"
)
_MICROSOFT_MEND = (
    "check SMTP_USER and SMTP_PASSWORD; with two-step verification Microsoft wants an app "
    "password, and the administrator must allow Authenticated SMTP for the mailbox"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """One kind of refusal: the pattern is looked for in phase, codes and text, in that order."""

    pattern: str
    cause: str
    mend: str
    provider: Provider | None = None

    def fits(self, account: SmtpAccount, evidence: Evidence) -> bool:
        whole = f"{evidence.phase} {evidence.code} {evidence.enhanced_code} {evidence.reply}"
        if self.provider not in (None, provider_of(account, whole)):
            return False
        return re.search(self.pattern, whole, re.IGNORECASE) is not None


# The first row that fits decides.
_ROWS = (
    _Row(
        r"5\.7\.139.*SmtpClientAuthentication is disabled|smtp_auth_disabled",
        "refused the sign-in, because Authenticated SMTP is off",
        "have the administrator switch on Authenticated SMTP for this mailbox (Microsoft 365 "
        "admin center, Users, Mail, Manage email apps), and for the organisation",
    ),
    _Row(
        r"5\.7\.139.*(user credentials were incorrect)",
        "refused the sign-in, because name or password is wrong",
        _MICROSOFT_MEND,
    ),
    _Row(
        r"5\.7\.139|5\.7\.30\b|basic authentication is (disabled|not supported)",
        "refused the sign-in, because Microsoft has switched password sign-in off here",
        "Outlook.com takes no passwords at all; in Microsoft 365 the administrator must allow "
        "Authenticated SMTP for the mailbox and exempt it from Security Defaults; else send "
        "through another account or a relay",
    ),
    _Row(
        r"5\.7\.57|not authenticated to send",
        "wants a sign-in before it takes mail",
        "set SMTP_USER and SMTP_PASSWORD, and SMTP_AUTH=auto",
    ),
    _Row(
        r"^auth 53[45] .*(5\.7\.9\b|application-specific password)",
        "refused the sign-in, because it wants an app password",
        _GOOGLE_MEND,
        Provider.GMAIL,
    ),
    _Row(
        r"^auth 534 .*5\.7\.14",
        "refused the sign-in, because Google wants the account's owner to confirm it",
        "sign in to the account with a browser once, then make an app password: " + _GOOGLE_MEND,
        Provider.GMAIL,
    ),
    _Row(
        r"must issue a STARTTLS|^\w+ 538 |5\.7\.11\b|encryption required",
        "takes nothing over an unencrypted connection",
        "set SMTP_TLS=auto",
    ),
    _Row(
        r"too many (login|bad auth)",
        "has seen too many sign-ins",
        "wait for an hour, and look for another program that signs in with a wrong password",
    ),
    _Row(
        r"concurrent connections",
        "has too many connections of this account open",
        "set SMTP_MAX_CONNECTIONS lower (Microsoft 365 allows 3)",
    ),
    _Row(
        r"^mail 530 |authentication (is )?required|must authenticate",
        "wants a sign-in before it takes mail",
        "set SMTP_USER and SMTP_PASSWORD, and SMTP_AUTH=auto; for a relay, have the address of "
        "this machine allowed on it instead",
    ),
    _Row(
        r"SendAsDenied|5\.7\.60\b|5\.2\.252",
        "does not let SMTP_USER send as FROM_EMAIL",
        "set FROM_EMAIL to the address of SMTP_USER, or have the administrator give it the "
        "right Send As for the mailbox of FROM_EMAIL",
    ),
    _Row(
        r"^mail 5",
        "does not take mails from FROM_EMAIL",
        "set FROM_EMAIL to an address that this account may send from, often the one of "
        "SMTP_USER, and one whose domain exists",
    ),
    _Row(
        r"^\w+ 4\d\d ",
        "cannot be used for now",
        "try again in some minutes; if it stays so, its operator can tell why",
    ),
)


# -- what works, and may yet surprise ---------------------------------------------------------


def foreign_sender(account: SmtpAccount, greeting: str) -> Diagnosis | None:
    """Tell when mails would come from another domain than a Gmail or Microsoft account's."""
    provider, user = provider_of(account, greeting), account.user or ""
    if not account.signs_in or provider is None or "@" not in user:
        return None
    ours, theirs = (one.rpartition("@")[2].lower() for one in (account.from_email, user))
    if ours == theirs:
        return None
    cause = f"FROM_EMAIL is at {ours}, and the {provider.value} account SMTP_USER is at {theirs}"
    if provider is Provider.GMAIL:
        return Diagnosis(
            f"{cause}: Gmail replaces a sender that it does not know by the account's own",
            "set FROM_EMAIL to the address of SMTP_USER, or add FROM_EMAIL to the account in "
            "Gmail (Settings, Accounts, Send mail as)",
        )
    return Diagnosis(
        f"{cause}: Microsoft refuses such mails (SendAsDenied) unless the mailbox may send as it",
        "set FROM_EMAIL to the address of SMTP_USER, or have the administrator give it the "
        "right Send As for the mailbox of FROM_EMAIL",
    )


def _tls_words(account: SmtpAccount) -> str:
    return {"starttls": "STARTTLS", "none": "no encryption"}.get(account.tls, "TLS")


def _said(evidence: Evidence) -> str:
    if evidence.code is None:
        return _quoted(evidence.reply)
    return f"{evidence.code} {_quoted(evidence.reply)}"


def _quoted(words: str | None) -> str:
    text = (words or "no word").strip().rstrip(".")
    return text if len(text) <= _LONGEST_WORDS else text[: _LONGEST_WORDS - 1] + "…"
