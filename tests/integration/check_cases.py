"""What goes wrong with mail accounts: a server's script, and the sentences it is told in."""

from collections.abc import Callable
from dataclasses import dataclass, field

from notifier.channels.smtp_account import Deadlines
from notifier.channels.smtp_check import PATIENCE
from tests.integration.smtp_server import Conversation
from tests.integration.smtp_setting import PASSWORD, SENDER, USER, Tls

Step = bytes | Callable[[Conversation], None]

QUICK = Deadlines(connect=1.0, command=1.0, attempt=5.0, goodbye=1.0)
"""For servers that are silent; the others keep the real deadlines, which never come."""

LOOK = Deadlines(connect=10.0, command=1.0, attempt=5.0, goodbye=1.0)
"""For servers that are silent one way, and answer when they are looked at the other way."""

PORTS = "587 with STARTTLS, or 465 with TLS from the start"
OUTGOING = f"set SMTP_HOST and SMTP_PORT to those for outgoing mail (SMTP): {PORTS}"
FIREWALL = (
    "let the firewall of this machine, or of its host, allow outgoing connections to SMTP_PORT "
    f"(many block 25); else check SMTP_PORT: {PORTS}"
)
APP_PASSWORD = (
    "make an app password (Google account, Security, 2-Step Verification, App passwords) and set "
    "SMTP_PASSWORD to its 16 letters; the account's own password does not work"
)
MICROSOFT = (
    "check SMTP_USER and SMTP_PASSWORD; with two-step verification Microsoft wants an app "
    "password, and the administrator must allow Authenticated SMTP for the mailbox"
)
SIGN_IN = "set SMTP_USER and SMTP_PASSWORD, and SMTP_AUTH=auto"
SEND_AS = "the right Send As for the mailbox of FROM_EMAIL"
GSMTP = (
    b"535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
    b"535 5.7.8 https://support.google.com/mail/?p=BadCredentials a1-b2 - gsmtp\r\n"
)
GMAIL_HELLO = (
    b"250-smtp.gmail.com at your service, [127.0.0.1]\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n"
)
OUTLOOK_HELLO = b"250-AM0PR01.outlook.office365.com Hello [127.0.0.1]\r\n250 AUTH LOGIN\r\n"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A server's script, what the account has, and how the sentences are to read."""

    kind: str = "plain"
    tls: Tls | None = None
    script: dict[str, Step] = field(default_factory=dict)
    user: str | None = USER
    password: str | None = PASSWORD
    mechanisms: str = "PLAIN LOGIN"
    sender: str = SENDER
    deadlines: Deadlines = PATIENCE
    cause: str
    mend: str


HOST = "HOST:PORT"

CASES = {
    "imap": Case(
        script={"BANNER": b"* OK [CAPABILITY IMAP4rev1 SASL-IR] Dovecot ready.\r\n"},
        cause=f"{HOST} is not a mail server that takes mail: it speaks IMAP",
        mend=OUTGOING,
    ),
    "imaps": Case(
        deadlines=LOOK,
        kind="implicit",
        tls="starttls",
        script={"BANNER": b"* OK IMAP4rev1\r\n"},
        cause=f"{HOST} is not a mail server that takes mail: it speaks IMAP",
        mend=OUTGOING,
    ),
    "imap-as-implicit": Case(
        tls="implicit",
        script={"BANNER": b"* OK IMAP4rev1\r\n"},
        cause=f"{HOST} is not a mail server that takes mail: it speaks IMAP",
        mend=OUTGOING,
    ),
    "pop3": Case(
        script={"BANNER": b"+OK ready\r\n"},
        cause=f"{HOST} is not a mail server that takes mail: it speaks POP3",
        mend=OUTGOING,
    ),
    "no-protocol": Case(
        script={"BANNER": b"Welcome!\r\n"},
        cause=f"{HOST} answers, but not as a mail server: Welcome!",
        mend=OUTGOING,
    ),
    "465-as-starttls": Case(
        deadlines=LOOK,
        kind="implicit",
        tls="starttls",
        cause=f"{HOST} speaks TLS from the start, and SMTP_TLS asks for STARTTLS",
        mend="set SMTP_TLS=implicit (SMTP_TLS=auto does so for port 465), or SMTP_PORT=587",
    ),
    "465-as-none": Case(
        deadlines=LOOK,
        kind="implicit",
        tls="none",
        cause=f"{HOST} speaks TLS from the start, and SMTP_TLS asks for no encryption",
        mend="set SMTP_TLS=implicit (SMTP_TLS=auto does so for port 465), or SMTP_PORT=587",
    ),
    "587-as-implicit": Case(
        kind="starttls",
        tls="implicit",
        cause=f"{HOST} does not speak TLS from the start, as SMTP_TLS asks for",
        mend="set SMTP_TLS=starttls (SMTP_TLS=auto does so for every port but 465), or "
        "SMTP_PORT=465",
    ),
    "silent-after-tls": Case(
        deadlines=QUICK,
        kind="implicit",
        script={"BANNER": Conversation.hang},
        cause=f"{HOST} was silent: no greeting came in time",
        mend=FIREWALL,
    ),
    "silent-at-sign-in": Case(
        deadlines=QUICK,
        script={"AUTH": Conversation.hang},
        cause=f"{HOST} was silent: no answer to the sign-in came in time",
        mend=FIREWALL,
    ),
    "silent-at-mail": Case(
        deadlines=QUICK,
        script={"MAIL": Conversation.hang},
        cause=f"{HOST} was silent: no reply came in time",
        mend=FIREWALL,
    ),
    "closed-at-mail": Case(
        script={"MAIL": Conversation.close},
        cause=f"{HOST} closed the connection without a word, while we waited for the reply",
        mend=f"check SMTP_PORT: {PORTS}; and whether the server admits the address of this machine",
    ),
    "starttls-missing": Case(
        tls="starttls",
        cause=f"{HOST} offers no STARTTLS, so mails and password would travel unencrypted",
        mend=f"check SMTP_PORT: {PORTS}; only for a relay on a network that you trust, set "
        "SMTP_TLS=none",
    ),
    "starttls-refused": Case(
        kind="starttls",
        script={"STARTTLS": b"454 4.7.0 TLS not available\r\n"},
        cause=f"{HOST} offers STARTTLS and then refuses it: 454 4.7.0 TLS not available",
        mend="try again later; if it stays so, the server's certificate or TLS is not set up",
    ),
    "ehlo-refused": Case(
        script={"EHLO": b"504 5.5.2 <[127.0.0.1]>: Helo command rejected: need FQDN\r\n"},
        cause=f"{HOST} refused our greeting (EHLO): 504 5.5.2 <[127.0.0.1]>: Helo command "
        "rejected: need FQDN",
        mend="set SMTP_EHLO_HOSTNAME to the full name of this machine, such as "
        "notifier.example.com; some servers also want this machine's address to be known to them",
    ),
    "greeting-refused": Case(
        script={"BANNER": b"554 5.7.1 You are not welcome here\r\n"},
        cause=f"{HOST} does not serve this machine: 554 5.7.1 You are not welcome here",
        mend="check SMTP_HOST; if it is right, have this machine's address allowed on the "
        "server, or wait if the server is overloaded",
    ),
    "no-mechanism": Case(
        mechanisms="GSSAPI NTLM",
        cause=f"{HOST}: the mail server offers no sign-in at all, SMTP_AUTH asks for plain or "
        "login",
        mend="set SMTP_AUTH=auto; with SMTP_TLS=none many servers offer no sign-in, so set "
        "SMTP_TLS=auto; a relay without sign-in needs SMTP_AUTH=none",
    ),
    "535": Case(
        script={"AUTH": b"535 5.7.8 Error: authentication failed\r\n"},
        cause=f"{HOST} refused the sign-in: 535 5.7.8 Error: authentication failed",
        mend="check SMTP_USER and SMTP_PASSWORD; some providers want a password made for programs "
        "(app password, SMTP credential) instead of the account's",
    ),
    "535-gmail": Case(
        script={"AUTH": GSMTP},
        password="abcdefghijklmnop",
        cause=f"{HOST} refused the sign-in: 535 5.7.8 Username and Password not accepted. For "
        "more information, go to 5.7.8 https://support.google.com/mail/?p=BadCredentials a1-b2 "
        "- gsmtp",
        mend=APP_PASSWORD,
    ),
    "535-gmail-wrong-length": Case(
        script={"AUTH": GSMTP},
        password="abcdefghijklmno",
        cause=f"{HOST} refused the sign-in: 535 5.7.8 Username and Password not accepted. For "
        "more information, go to 5.7.8 https://support.google.com/mail/?p=BadCredentials a1-b2 "
        "- gsmtp; SMTP_PASSWORD has 15 characters, and an app password has 16",
        mend=APP_PASSWORD,
    ),
    "534-gmail-app-password": Case(
        script={"AUTH": b"534 5.7.9 Application-specific password required. a1 - gsmtp\r\n"},
        cause=f"{HOST} refused the sign-in, because it wants an app password: 534 5.7.9 "
        "Application-specific password required. a1 - gsmtp",
        mend=APP_PASSWORD,
    ),
    "534-gmail-browser": Case(
        script={"AUTH": b"534 5.7.14 Please log in via your web browser. a1 - gsmtp\r\n"},
        cause=f"{HOST} refused the sign-in, because Google wants the account's owner to confirm "
        "it: 534 5.7.14 Please log in via your web browser. a1 - gsmtp",
        mend=f"sign in to the account with a browser once, then make an app password: "
        f"{APP_PASSWORD}",
    ),
    "535-microsoft-basic": Case(
        script={
            "AUTH": b"535 5.7.139 Authentication unsuccessful, basic authentication is "
            b"disabled.\r\n"
        },
        cause=f"{HOST} refused the sign-in, because Microsoft has switched password sign-in off "
        "here: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled",
        mend="Outlook.com takes no passwords at all; in Microsoft 365 the administrator must "
        "allow Authenticated SMTP for the mailbox and exempt it from Security Defaults; else "
        "send through another account or a relay",
    ),
    "550-microsoft-basic": Case(
        script={"AUTH": b"550 5.7.30 Basic authentication is not supported\r\n"},
        cause=f"{HOST} refused the sign-in, because Microsoft has switched password sign-in off "
        "here: 550 5.7.30 Basic authentication is not supported",
        mend="Outlook.com takes no passwords at all; in Microsoft 365 the administrator must "
        "allow Authenticated SMTP for the mailbox and exempt it from Security Defaults; else "
        "send through another account or a relay",
    ),
    "535-microsoft-disabled": Case(
        script={
            "AUTH": b"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is "
            b"disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled\r\n"
        },
        cause=f"{HOST} refused the sign-in, because Authenticated SMTP is off: 535 5.7.139 "
        "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit "
        "https://aka.ms/smtp_auth_disabled",
        mend="have the administrator switch on Authenticated SMTP for this mailbox (Microsoft "
        "365 admin center, Users, Mail, Manage email apps), and for the organisation",
    ),
    "535-microsoft-password": Case(
        script={
            "AUTH": b"535 5.7.139 Authentication unsuccessful, the user credentials were "
            b"incorrect.\r\n"
        },
        cause=f"{HOST} refused the sign-in, because name or password is wrong: 535 5.7.139 "
        "Authentication unsuccessful, the user credentials were incorrect",
        mend=MICROSOFT,
    ),
    "535-microsoft-plain": Case(
        script={"AUTH": b"535 5.7.3 Authentication unsuccessful [AM0.prod.outlook.com]\r\n"},
        cause=f"{HOST} refused the sign-in: 535 5.7.3 Authentication unsuccessful "
        "[AM0.prod.outlook.com]",
        mend=MICROSOFT,
    ),
    "530-microsoft": Case(
        user=None,
        script={"MAIL": b"530 5.7.57 Client not authenticated to send mail.\r\n"},
        cause=f"{HOST} wants a sign-in before it takes mail: 530 5.7.57 Client not authenticated "
        "to send mail",
        mend=SIGN_IN,
    ),
    "530-relay": Case(
        user=None,
        script={"MAIL": b"530 5.7.0 Authentication required\r\n"},
        cause=f"{HOST} wants a sign-in before it takes mail: 530 5.7.0 Authentication required",
        mend=f"{SIGN_IN}; for a relay, have the address of this machine allowed on it instead",
    ),
    "530-starttls": Case(
        script={"AUTH": b"530 5.7.0 Must issue a STARTTLS command first\r\n"},
        cause=f"{HOST} takes nothing over an unencrypted connection: 530 5.7.0 Must issue a "
        "STARTTLS command first",
        mend="set SMTP_TLS=auto",
    ),
    "454-too-many": Case(
        script={"AUTH": b"454 4.7.0 Too many login attempts, please try again later.\r\n"},
        cause=f"{HOST} has seen too many sign-ins: 454 4.7.0 Too many login attempts, please try "
        "again later",
        mend="wait for an hour, and look for another program that signs in with a wrong password",
    ),
    "432-connections": Case(
        script={"MAIL": b"432 4.3.2 Concurrent connections limit exceeded\r\n"},
        cause=f"{HOST} has too many connections of this account open: 432 4.3.2 Concurrent "
        "connections limit exceeded",
        mend="set SMTP_MAX_CONNECTIONS lower (Microsoft 365 allows 3)",
    ),
    "421-at-mail": Case(
        script={"MAIL": b"421 4.3.2 Service shutting down\r\n"},
        cause=f"{HOST} cannot be used for now: 421 4.3.2 Service shutting down",
        mend="try again in some minutes; if it stays so, its operator can tell why",
    ),
    "send-as-denied": Case(
        script={"MAIL": b"554 5.2.252 SendAsDenied; desk not allowed to send as other\r\n"},
        cause=f"{HOST} does not let SMTP_USER send as FROM_EMAIL: 554 5.2.252 SendAsDenied; desk "
        "not allowed to send as other",
        mend=f"set FROM_EMAIL to the address of SMTP_USER, or have the administrator give it "
        f"{SEND_AS}",
    ),
    "sender-refused": Case(
        script={"MAIL": b"553 5.7.1 Sender address rejected: not owned by user\r\n"},
        cause=f"{HOST} does not take mails from FROM_EMAIL: 553 5.7.1 Sender address rejected: "
        "not owned by user",
        mend="set FROM_EMAIL to an address that this account may send from, often the one of "
        "SMTP_USER, and one whose domain exists",
    ),
    "odd-reply": Case(
        script={"MAIL": b"354 what?\r\n"},
        cause=f"{HOST} refused at MAIL: 354 what?",
        mend="what the server says is the cause; its operator can tell more",
    ),
}
