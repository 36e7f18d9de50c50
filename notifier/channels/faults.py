"""Why a server could not be talked to, where it gave no reply that would say so itself.

Takes what was raised, gives the fault; used for evidence, so that nobody has to read our own
words again. Refuses nothing: what is not known is None.
"""

import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum


class Fault(StrEnum):
    """The faults; the last six are known to the SMTP session only."""

    NO_HOST = "no_host"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    CLOSED = "closed"
    NOT_TLS = "not_tls"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NAME = "certificate_name"
    CERTIFICATE = "certificate"
    NOT_SMTP = "not_smtp"
    GREETING = "greeting"
    HELLO = "hello"
    NO_STARTTLS = "no_starttls"
    NO_MECHANISM = "no_mechanism"
    TAMPERED = "tampered"


# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_CERTIFICATES = {
    **dict.fromkeys((9, 10), Fault.CERTIFICATE_EXPIRED),
    **dict.fromkeys((2, 18, 19, 20, 21), Fault.CERTIFICATE_UNKNOWN),
    **dict.fromkeys((62, 64), Fault.CERTIFICATE_NAME),
}

# The first kind that fits decides; a timeout and a refusal are OSErrors too.
_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Fault], ...] = (
    (ssl.SSLCertVerificationError, Fault.CERTIFICATE),
    ((ssl.SSLEOFError, ssl.SSLZeroReturnError), Fault.CLOSED),
    (ssl.SSLError, Fault.NOT_TLS),
    ((socket.gaierror, UnicodeError), Fault.NO_HOST),
    (ConnectionRefusedError, Fault.REFUSED),
    (TimeoutError, Fault.SILENT),
    (ConnectionError, Fault.CLOSED),
    (OSError, Fault.UNREACHABLE),
)


def fault_of(error: BaseException) -> Fault | None:
    """Give the fault behind an error; the deepest cause that is understood decides."""
    found = [fault for one in _chain(error) if (fault := _alone(one)) is not None]
    return found[-1] if found else None


def _alone(error: BaseException) -> Fault | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(error.verify_code, Fault.CERTIFICATE)
    return next((fault for kind, fault in _KINDS if isinstance(error, kind)), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    for _ in range(10):
        if one is None:
            return
        yield one
        # Several addresses were tried, and each failed: the first one speaks for all.
        inner = one.exceptions[0] if isinstance(one, BaseExceptionGroup) else None
        one = inner or one.__cause__ or one.__context__
