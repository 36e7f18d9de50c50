import socket
import ssl

import pytest

from notifier.channels.faults import Fault, fault_of


def untrusted(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = code
    return error


KNOWN = [
    (socket.gaierror(-2, "Name or service not known"), Fault.NO_HOST),
    (UnicodeError("label empty or too long"), Fault.NO_HOST),
    (ConnectionRefusedError(), Fault.REFUSED),
    (ConnectionResetError(), Fault.CLOSED),
    (OSError(113, "No route to host"), Fault.UNREACHABLE),
    (TimeoutError(), Fault.SILENT),
    (ssl.SSLEOFError(), Fault.CLOSED),
    (ssl.SSLError(1, "wrong version number"), Fault.NOT_TLS),
    (untrusted(10), Fault.CERTIFICATE_EXPIRED),
    (untrusted(18), Fault.CERTIFICATE_UNKNOWN),
    (untrusted(20), Fault.CERTIFICATE_UNKNOWN),
    (untrusted(62), Fault.CERTIFICATE_NAME),
    (untrusted(64), Fault.CERTIFICATE_NAME),
    (untrusted(23), Fault.CERTIFICATE),
]


@pytest.mark.parametrize(("error", "fault"), KNOWN, ids=lambda value: str(value)[:30])
def test_an_error_and_what_it_caused_name_the_fault(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault
    wrapped = ConnectionError("cannot connect")
    wrapped.__cause__ = error
    assert fault_of(wrapped) is fault
    wrapped.__cause__ = ExceptionGroup("each address", [error, OSError()])
    assert fault_of(wrapped) is fault


def test_what_is_not_known_is_none_and_a_ring_of_causes_ends() -> None:
    one, other = KeyError("a"), LookupError("b")
    one.__context__, other.__context__ = other, one
    assert fault_of(one) is None
