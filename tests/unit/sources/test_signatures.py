"""Signatures: what is let in, what is refused, and with which cause for the log."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.model.errors import BadSignature, ConfigurationError
from notifier.sources.call import Call
from notifier.sources.secrets import Secret, new_secret
from notifier.sources.signatures import sign, signed_at, verify, webhook_id
from tests.steps_taken import steps
from tests.unit.sources.examples import (
    BODY,
    NOW,
    OTHER,
    SECONDS,
    SECRET,
    TOLERANCE,
    headers,
    signed,
)

GOOD = sign(SECRET, "msg_1", SECONDS, BODY).encode()
BAD = sign(OTHER, "msg_1", SECONDS, BODY).encode()
NO_MATCH = "no signature matches: wrong secret or changed body"
NO_V1 = "header webhook-signature holds no `v1,` with base64 of 32 bytes"
NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature"]


def cause(call: Call, *secrets: Secret, now: int = NOW) -> str | None:
    """Give why a call is refused, or None when it is let in."""
    try:
        verify(call, secrets or (SECRET,), TOLERANCE, now)
    except BadSignature as error:
        return str(error)
    return None


def of(signature: bytes, body: bytes = BODY) -> str | None:
    return cause(Call(headers(signature), body))


def test_what_was_signed_is_let_in() -> None:
    assert cause(signed()) is None


def test_a_signature_is_the_hmac_of_id_time_and_body() -> None:
    expected = hmac.new(SECRET.key, b"msg_1.1795424400." + BODY, hashlib.sha256).digest()
    assert sign(SECRET, "msg_1", SECONDS, BODY) == "v1," + base64.b64encode(expected).decode()


def test_a_secret_may_be_given_as_text() -> None:
    text = new_secret(SECRET.key)
    assert sign(text, "msg_1", SECONDS, BODY) == sign(SECRET, "msg_1", SECONDS, BODY)
    for wrong in ("secret", "", f"{text} {text}"):
        with pytest.raises(ConfigurationError):
            sign(wrong, "msg_1", SECONDS, BODY)


def test_an_id_that_is_not_ascii_is_not_signed() -> None:
    with pytest.raises(ValueError, match="ascii"):
        sign(SECRET, "msg_é", SECONDS, BODY)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"\r\n", "ü".encode(), b"x" * 262_144])
def test_the_raw_bytes_count_whatever_they_are(body: bytes) -> None:
    assert cause(signed(body)) is None
    assert cause(Call(signed(body).headers, body + b" ")) == NO_MATCH


def test_every_part_is_signed() -> None:
    for call in (
        Call(headers(GOOD), BODY.replace(b"1", b"2")),
        Call(headers(GOOD, name=b"msg_2"), BODY),
        Call(headers(GOOD, timestamp=b"1795424401"), BODY),
        Call(headers(GOOD, timestamp=b"01795424400"), BODY),
        Call(headers(BAD), BODY),
    ):
        assert cause(call) == NO_MATCH


# -- secrets ---------------------------------------------------------------------------------


@pytest.mark.fault("G8")
@pytest.mark.parametrize("active", [(SECRET, OTHER), (OTHER, SECRET), (OTHER, OTHER, SECRET)])
def test_any_active_secret_is_enough(active: tuple[Secret, ...]) -> None:
    assert cause(signed(), *active) is None
    assert cause(signed(secret=OTHER), *active) is None


@pytest.mark.fault("G8")
def test_a_revoked_secret_is_refused() -> None:
    assert cause(signed(secret=OTHER)) == NO_MATCH


@pytest.mark.parametrize("key", [bytes(32), b"", bytes(64)])
def test_without_secrets_nothing_is_let_in(key: bytes) -> None:
    digest = hmac.digest(key, b"msg_1.1795424400." + BODY, "sha256")
    call = Call(headers(b"v1," + base64.b64encode(digest)), BODY)
    with pytest.raises(BadSignature, match="no secret is configured: set WEBHOOK_SECRET"):
        verify(call, (), TOLERANCE, NOW)


# -- the list of signatures --------------------------------------------------------------------


@pytest.mark.parametrize(
    "listed",
    [
        [GOOD],
        [BAD, GOOD],
        [GOOD, BAD],
        [BAD] * 7 + [GOOD],
        [b"v1a,AAAA", GOOD],
        [b"v2," + GOOD[3:], GOOD],
        [b"nonsense", b"", b",", b"v1,a,b", b"\xff\xfe", GOOD],
        [b"v1,!!!!", GOOD],
    ],
)
def test_one_that_fits_among_up_to_eight_is_enough(listed: list[bytes]) -> None:
    assert of(b" ".join(listed)) is None


@pytest.mark.fault("G6")
@pytest.mark.parametrize(
    "other",
    [b"v1a", b"v2", b"V1", b"v1 ", b"v01", b"none", b"sha1", b"sha256", b"", b"v1,v1", b"\tv1"],
)
def test_other_versions_are_passed_over_even_with_the_right_digest(other: bytes) -> None:
    assert of(other + GOOD[2:]) == NO_V1


@pytest.mark.fault("G6")
def test_other_versions_count_to_the_eight() -> None:
    assert of(b"v2,AAAA " * 7 + GOOD) is None
    assert of(b"v2,AAAA " * 8 + GOOD) == ("header webhook-signature holds more than 8 signatures")


@pytest.mark.fault("G4")
@pytest.mark.parametrize("count", [9, 20, 93])
def test_more_than_eight_are_refused_even_if_one_fits(count: int) -> None:
    assert of(b" ".join([GOOD] + [b"v1"] * (count - 1))) == (
        "header webhook-signature holds more than 8 signatures"
    )


@pytest.mark.fault("G4")
def test_a_long_header_is_refused_before_it_is_taken_apart() -> None:
    exact = b"v2," + b"A" * (4096 - len(GOOD) - 4) + b" " + GOOD
    assert len(exact) == 4096
    assert of(exact) is None
    assert of(b"A" + exact) == "header webhook-signature longer than 4096 bytes"
    assert of(b" ".join([GOOD] * 20_000)) == "header webhook-signature longer than 4096 bytes"


@pytest.mark.fault("G4")
@pytest.mark.parametrize(
    "signature",
    [
        b"v1",
        b"v1,",
        b"v1,,",
        b" ",
        b"  ",
        GOOD[3:],
        GOOD[:-1],
        GOOD + b"=",
        GOOD + b"\n",
        GOOD + b"\x00",
        b"\t" + GOOD,
        GOOD.replace(b",", b", "),
        GOOD.replace(b"v1,", b"v1,,"),
        GOOD[:20] + b"\n" + GOOD[20:],
        GOOD[:20] + b"-_" + GOOD[22:],
        GOOD[:20] + b"\xc3\xa9" + GOOD[22:],
        b"v1," + base64.b64encode(bytes(31)),
        b"v1," + base64.b64encode(bytes(33)),
        b"v1," + base64.b64encode(bytes(64)),
        b"v1," + bytes(32).hex().encode(),
        b"v1," + b"A" * 43 + b"B",
    ],
)
def test_only_base64_of_32_bytes_is_a_signature(signature: bytes) -> None:
    assert of(signature) == NO_V1


def test_each_signature_has_one_spelling() -> None:
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    spellings = [GOOD[:-2] + letters[place : place + 1] + b"=" for place in range(64)]
    assert [spelling for spelling in spellings if of(spelling) is None] == [GOOD]
    assert sum(of(spelling) == NO_V1 for spelling in spellings) == 48


# -- the headers -----------------------------------------------------------------------------


@pytest.mark.fault("G4")
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_empty_header_is_refused(name: str) -> None:
    call = signed()
    without = tuple(pair for pair in call.headers if pair[0] != name.encode())
    assert cause(Call(without, BODY)) == f"header {name} missing"
    assert cause(Call((*without, (name.encode(), b"")), BODY)) == f"header {name} missing"


@pytest.mark.fault("G4")
@pytest.mark.parametrize("name", NAMES)
def test_a_header_given_twice_is_refused_even_if_both_are_the_same(name: str) -> None:
    call = signed()
    (value,) = call.header(name)
    twice = Call((*call.headers, (name.encode(), value)), BODY)
    assert cause(twice) == f"header {name} given 2 times"


@pytest.mark.parametrize("name", ["a", " ~", "x" * 255, "msg.1", "%b.%s"])
def test_an_id_is_1_to_255_printable_ascii_characters(name: str) -> None:
    call = signed(name=name)
    assert cause(call) is None
    assert webhook_id(call) == name


@pytest.mark.parametrize(
    "name", [b"x" * 256, b"x" * 100_000, b"\x00", b"a\nb", b"a\n", b"a\tb", b"\x7f", "é".encode()]
)
def test_any_other_id_is_refused(name: bytes) -> None:
    call = Call(headers(GOOD, name=name), BODY)
    expected = "header webhook-id is not 1 to 255 printable ASCII characters"
    assert cause(call) == expected
    with pytest.raises(BadSignature, match=expected):
        webhook_id(call)


@pytest.mark.fault("G5")
@pytest.mark.parametrize(
    "timestamp",
    [
        b"nan",
        b"inf",
        b"1e9",
        b"1_0",
        b" 1795424400",
        b"1795424400 ",
        b"1795424400\n",
        b"1795424400.0",
        b"1795424400.5",
        b"-1",
        b"+1795424400",
        b"0x6b03c550",
        b"9223372036854775808",
        b"1" * 13,
        b"1" * 100_000,
        "١٧٩٥٤٢٤٤٠٠".encode(),
        b"\xb2",
        b"2026-11-23T09:00:00Z",
    ],
)
def test_a_timestamp_is_digits_only(timestamp: bytes) -> None:
    call = Call(headers(GOOD, timestamp=timestamp), BODY)
    expected = "header webhook-timestamp is not unix seconds in 1 to 12 digits"
    assert cause(call) == expected
    with pytest.raises(BadSignature, match=expected):
        signed_at(call)


# -- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-TOLERANCE, -1, 0, 1, TOLERANCE])
def test_a_clock_may_be_off_by_the_tolerance_both_ways(off: int) -> None:
    assert cause(signed(), now=NOW + off) is None


@pytest.mark.fault("B3")
@pytest.mark.parametrize(
    ("off", "expected"),
    [
        (TOLERANCE + 1, "timestamp 300 s old"),
        (412_000, "timestamp 412 s old"),
        (NOW, "timestamp 1795424400 s old"),
        (-TOLERANCE - 1, "timestamp 300 s in the future"),
        (-412_999, "timestamp 412 s in the future"),
    ],
)
def test_a_clock_further_off_is_refused_with_how_far(off: int, expected: str) -> None:
    assert cause(signed(), now=NOW + off) == expected


@pytest.mark.fault("G5")
@pytest.mark.parametrize("timestamp", [b"0", b"1", b"000000000000", b"999999999999"])
def test_the_ends_of_time_are_refused_like_any_other(timestamp: bytes) -> None:
    assert (cause(Call(headers(GOOD, timestamp=timestamp), BODY)) or "").startswith("timestamp ")


def test_the_time_of_a_call_is_its_timestamp_in_milliseconds() -> None:
    assert signed_at(signed()) == NOW


# -- anything at all -------------------------------------------------------------------------

HOSTILE = st.lists(
    st.tuples(
        st.sampled_from([name.encode() for name in NAMES]),
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([b"msg_1", b"1795424400", BAD, b"v1," * 9, b"v1,,"]),
        ),
    ),
    max_size=5,
)


@given(HOSTILE, st.binary(max_size=60))
@settings(max_examples=500, deadline=None)
def test_whatever_is_sent_without_a_secret_is_refused_as_a_bad_signature(
    sent: list[tuple[bytes, bytes]], body: bytes
) -> None:
    found = cause(Call(tuple(sent), body))
    assert found is not None
    assert found.isascii()


def test_no_cause_repeats_what_was_sent_or_the_secret() -> None:
    sent = b"v1,whsec_" + base64.b64encode(SECRET.key)
    for call in (
        Call(headers(sent), BODY),
        Call(headers(GOOD, name=sent + b"\n"), BODY),
        Call(headers(GOOD, timestamp=sent), BODY),
    ):
        assert "whsec_" not in (cause(call) or "whsec_")


def _wrong_at(place: int) -> bytes:
    digest = bytearray(base64.b64decode(GOOD.removeprefix(b"v1,")))
    digest[place] ^= 1
    return b"v1," + base64.b64encode(digest)


@pytest.mark.fault("G18")
def test_every_wrong_signature_takes_the_same_steps() -> None:
    def taken(signature: bytes, *secrets: Secret) -> list[str]:
        call = Call(headers(signature), BODY)
        return steps(lambda: cause(call, *secrets))

    first, *rest = [taken(_wrong_at(place), SECRET, OTHER) for place in range(32)]
    assert first.count("compare_digest") == 2
    assert rest == [first] * len(rest)
    # Which secret fitted tells nothing either.
    assert taken(GOOD, SECRET, OTHER) == taken(GOOD, OTHER, SECRET)
