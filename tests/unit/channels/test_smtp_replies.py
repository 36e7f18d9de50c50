"""Reading replies, and what they mean."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.channels.smtp_replies import RULES, Reply, ReplyReader, clean, refusal, reply
from notifier.model.errors import (
    ChannelDown,
    DeliveryError,
    Permanent,
    Transient,
    Unknown,
    Unreachable,
)
from notifier.model.reasons import Reason
from notifier.model.times import MINUTE

REMOTE = "mail.example.com:587"
PHASES = ("connect", "tls", "auth", "mail", "rcpt", "data", "body", "dot")
MESSAGE = ("mail", "rcpt", "data", "body", "dot")


def read(*pieces: bytes) -> list[Reply]:
    reader = ReplyReader()
    return [one for piece in pieces for one in reader.feed(piece)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"250 ok\r\n", Reply(250, None, "ok")),
        (b"250\r\n", Reply(250, None, "")),
        (b"250 \r\n", Reply(250, None, "")),
        (b"250 ok\n", Reply(250, None, "ok")),
        (b"250 2.1.0 ok\r\n", Reply(250, "2.1.0", "2.1.0 ok")),
        (b"550 5.1.1\r\n", Reply(550, "5.1.1", "5.1.1")),
        (b"550 2.1.1 the classes differ\r\n", Reply(550, None, "2.1.1 the classes differ")),
        (b"550 5.1.1x no code\r\n", Reply(550, None, "5.1.1x no code")),
        (b"550-5.7.1 first\r\n550 5.7.1 last\r\n", Reply(550, "5.7.1", "5.7.1 first 5.7.1 last")),
        (b"250 \xff\r\n", Reply(250, None, "\ufffd")),
        (b"250 a\tb\x1b[1m\r\n", Reply(250, None, "a b [1m")),
    ],
)
def test_a_reply_is_read(data: bytes, expected: Reply) -> None:
    assert read(data) == [expected]


def test_replies_in_one_piece_are_told_apart() -> None:
    assert [one.code for one in read(b"250 a\r\n250-b\r\n250 c\r\n354 d\r\n")] == [250, 250, 354]


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"hello\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"150 ok\r\n",
        b"650 ok\r\n",
        b"250_ok\r\n",
        b" 250 ok\r\n",
        b"250 o\0k\r\n",
        b"250-a\r\n251 b\r\n",
        b"250-a\r\n\r\n",
        b"250 " + b"x" * 4100 + b"\r\n",
        b"250 " + b"x" * 4100,
        b"250-x\r\n" * 101,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_reply_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="the mail server"):
        read(data)


def test_the_longest_reply_is_read_and_shortened() -> None:
    data = (b"250-" + b"x" * 4000 + b"\r\n") * 99 + b"250 end\r\n"
    (found,) = read(data)
    assert (found.code, len(found.text)) == (250, 500)


def test_a_reply_that_has_begun_is_pending() -> None:
    reader = ReplyReader()
    assert not reader.pending
    for piece, pending in ((b"2", True), (b"50-a\r\n", True), (b"250 b\r\n", False)):
        list(reader.feed(piece))
        assert reader.pending is pending


lines = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), max_size=80)


@given(
    st.lists(st.tuples(st.integers(200, 599), st.lists(lines, min_size=1, max_size=5)), max_size=4),
    st.data(),
)
def test_however_the_bytes_are_cut_the_replies_are_the_same(
    said: list[tuple[int, list[str]]], data: st.DataObject
) -> None:
    stream = b"".join(
        f"{code}{' ' if last else '-'}{line}\r\n".encode()
        for code, texts in said
        for line, last in zip(texts, [False] * (len(texts) - 1) + [True], strict=True)
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = read(stream)
    assert read(*pieces) == whole
    assert [one.code for one in whole] == [code for code, _ in said]
    assert [one.text for one in whole] == [clean("\n".join(texts)) for _, texts in said]


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_do_worse_than_being_refused(pieces: list[bytes]) -> None:
    reader = ReplyReader()
    with contextlib.suppress(ValueError):
        for piece in pieces:
            for one in reader.feed(piece):
                assert 200 <= one.code <= 599
                assert len(one.text) <= 500
                assert one.text.isprintable()


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4XyZ1b2c3d", "4XyZ1b2c3d"),
        ("OK id=1rABCd-0001xy-2B", "1rABCd-0001xy-2B"),
        ("2.6.0 <a@b> [InternalId=12345, Hostname=x.example.com] Queued mail", "12345"),
        ("2.0.0 OK  1700000000 d2e1a72fcca58-6c4f - gsmtp", "d2e1a72fcca58-6c4f"),
        ("2.0.0 49ABCDEF012345 Message accepted for delivery", "49ABCDEF012345"),
        ("Ok 0100018bc0ffee00-1234-5678", "0100018bc0ffee00-1234-5678"),
        ("2.0.0 Ok", None),
        ("", None),
    ],
)
def test_the_servers_name_for_a_mail_is_found(text: str, queue_id: str | None) -> None:
    assert reply(250, text).queue_id == queue_id


DOWN = (ChannelDown, Reason.RETRIES_EXHAUSTED, None)
HELD = (ChannelDown, Reason.RETRIES_EXHAUSTED, 15 * MINUTE)
LATER = (Transient, Reason.RETRIES_EXHAUSTED, None)
GREY = (Transient, Reason.RETRIES_EXHAUSTED, MINUTE)
NOBODY = (Unreachable, Reason.BAD_MAILBOX, None)
POLICY = (Permanent, Reason.POLICY, None)
LARGE = (Permanent, Reason.TOO_LARGE, None)
REJECTED = (Permanent, Reason.REJECTED, None)
ADDRESS = (Permanent, Reason.BAD_ADDRESS, None)
UNKNOWN = (Unknown, Reason.OUTCOME_UNKNOWN, None)

Meant = tuple[type[DeliveryError], Reason, int | None]

CASES: list[tuple[tuple[str, ...], list[str], Meant]] = [
    (PHASES, ["421 bye", "421 4.7.1 bye", "421 4.3.2 bye"], DOWN),
    (("auth",), ["535 5.7.8 no", "534 5.7.9 no", "530 5.7.0 no", "538 no", "550 5.7.30 no"], HELD),
    (("auth",), ["504 5.5.4 no", "501 no", "535 no"], HELD),
    (("auth",), ["454 4.7.0 later", "432 4.7.12 later", "334 more"], DOWN),
    (("connect", "tls"), ["554 5.7.1 no", "451 later", "500 no", "250 odd", "25 odd"], DOWN),
    (("mail",), ["550 5.7.60 no", "553 no", "550 no", "554 5.7.1 no", "501 5.1.7 no"], DOWN),
    (MESSAGE, ["530 5.7.0 no", "535 no", "538 no", "550 5.7.30 no"], DOWN),
    (("rcpt",), ["550 5.1.8 sender", "553 5.1.7 sender"], DOWN),
    (MESSAGE, ["450 4.7.1 grey", "451 4.7.1 grey"], GREY),
    (MESSAGE, ["450 busy", "451 4.3.0 x", "452 4.2.2 full", "454 4.7.0 x", "499 x"], LATER),
    (("rcpt", "data", "dot"), ["552 5.2.2 full", "550 5.2.2 full"], LATER),
    (("rcpt",), ["552 too many", "552 5.5.3 too many"], LATER),
    (
        ("rcpt",),
        ["550 5.1.1 no", "551 5.1.6 no", "553 5.1.3 no", "550 no", "556 5.1.10 no"],
        NOBODY,
    ),
    (("rcpt",), ["550 5.7.1 no", "554 5.7.26 no", "552 5.7.0 no"], POLICY),
    (("data", "body", "dot"), ["554 5.7.1 no", "550 5.7.27 no", "552 5.7.0 no"], POLICY),
    (MESSAGE, ["552 5.3.4 large", "554 5.3.4 large", "550 5.2.3 large"], LARGE),
    (("mail", "data", "body", "dot"), ["552 large", "523 large", "552 5.3.1 large"], LARGE),
    (MESSAGE, ["553 5.6.7 alphabet", "550 5.6.7 alphabet"], ADDRESS),
    (("rcpt",), ["551 elsewhere", "553 odd", "554 no", "521 no", "550 5.2.1 off"], REJECTED),
    (("data", "body", "dot"), ["550 no", "554 no", "503 5.5.1 no", "552 5.6.0 no"], REJECTED),
    (("mail",), ["500 no", "503 5.5.1 no", "555 no"], REJECTED),
    (("mail", "rcpt", "data", "body"), ["250 yes", "354 go on"], LATER),
    (("dot",), ["354 go on", "334 more"], UNKNOWN),
]


@pytest.mark.parametrize(
    ("phase", "said", "meant"),
    [
        pytest.param(phase, said, meant, id=f"{phase}-{said}")
        for phases, texts, meant in CASES
        for phase in phases
        for said in texts
    ],
)
def test_a_refusal_means_what_its_row_says(phase: str, said: str, meant: Meant) -> None:
    code, _, text = said.partition(" ")
    error = refusal(phase, reply(int(code), text), REMOTE)
    wait = error.retry_after if isinstance(error, Transient) else None
    hold = error.hold if isinstance(error, ChannelDown) else None
    assert (type(error), error.reason, wait or hold) == meant
    assert (error.evidence.phase, error.evidence.remote) == (phase, REMOTE)
    assert (error.evidence.code, error.evidence.reply) == (int(code), text)


def test_every_row_decides_something() -> None:
    decided = set()
    for phases, texts, _ in CASES:
        for phase in phases:
            for said in texts:
                code, _, text = said.partition(" ")
                one = reply(int(code), text)
                decided |= {next((n for n, row in enumerate(RULES) if row.fits(phase, one)), -1)}
    assert decided == {-1, *range(len(RULES))}


@given(
    st.sampled_from(PHASES),
    st.integers(400, 599),
    st.one_of(
        st.just(""),
        st.builds("{}.{}.{}".format, st.sampled_from("45"), st.integers(0, 9), st.integers(0, 40)),
    ),
)
def test_every_refusal_is_certain_and_of_its_class(phase: str, code: int, enhanced: str) -> None:
    error = refusal(phase, reply(code, f"{enhanced} words"), REMOTE)
    assert not isinstance(error, Unknown)
    if code < 500:
        assert isinstance(error, Transient | ChannelDown)
    if isinstance(error, Unreachable):
        assert phase == "rcpt"
    if phase in ("connect", "tls", "auth"):
        assert isinstance(error, ChannelDown)


def test_clean_words_are_one_short_printable_line() -> None:
    assert clean(" a\r\n b\x00\u202ec ") == "a b c"
    assert len(clean("x" * 900)) == 500
