"""The bytes of a mail, read back by the strict parser of the standard library."""

import email
import email.policy
from collections.abc import Callable
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.model.messages import Email
from notifier.rendering import mime
from notifier.rendering.mime import Letter, write
from notifier.rendering.text import clean
from tests.unit.rendering.examples import START

LETTER = Letter(
    from_name="IT Help Desk System",
    from_email="helpdesk@example.com",
    reply_to=None,
    to="john@example.com",
    subject="New Ticket Assigned: #123 - Printer Not Working",
    batch="bat_000000000002d",
    first_at=START,
    root="tkt-1",
    text="Hi John Smith,\n\n• Café",
    html="<p>Hi John Smith,</p>\n<p>• Café</p>",
)

STRICT = email.policy.default + email.policy.strict

ONE_LINE = st.text(
    st.one_of(st.sampled_from('"\\,;:<>()@[]=?_ .\r\n\t\x00é漢🔥\u0301'), st.characters()),
    max_size=300,
).map(lambda line: clean(line, 200))
BODY = st.text(
    st.one_of(st.sampled_from(" .\n\t=-\r"), st.sampled_from("Fromé🔥ab"), st.characters()),
    max_size=600,
).map(lambda body: body.encode(errors="replace").decode())


def _with_subject(text: str) -> Letter:
    return replace(LETTER, subject=text)


def _with_name(text: str) -> Letter:
    return replace(LETTER, from_name=text)


def _to(text: str) -> Letter:
    return replace(LETTER, to=text)


def _from(text: str) -> Letter:
    return replace(LETTER, from_email=text)


def _reply_to(text: str) -> Letter:
    return replace(LETTER, reply_to=text)


def parsed(letter: Letter) -> EmailMessage:
    raw = write(letter)
    raw.decode("ascii")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return email.message_from_bytes(raw, _class=EmailMessage, policy=STRICT)


def parts_of(letter: Letter) -> tuple[str, str]:
    text, html = parsed(letter).iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    plain, marked = (str(part.get_content()).replace("\r\n", "\n") for part in (text, html))
    return plain, marked


def head_lines(letter: Letter) -> list[bytes]:
    return write(letter).partition(b"\r\n\r\n")[0].split(b"\r\n")


def shown_name(letter: Letter) -> str:
    """Give the sender's name as RFC 2047, section 6.2, joins its words.

    The address parser of the standard library puts blanks between them.
    """
    sender = dict(parsed(letter).raw_items())["From"].replace("\r\n", "")
    name = sender.removesuffix(f"<{letter.from_email}>").removesuffix(letter.from_email).strip()
    return str(make_header(decode_header(name))) if name else ""


@pytest.mark.fault("G12", "G25")
def test_a_mail_has_these_headers_and_no_others() -> None:
    assert head_lines(replace(LETTER, reply_to="desk@example.com")) == [
        b"From: IT Help Desk System <helpdesk@example.com>",
        b"To: john@example.com",
        b"Reply-To: desk@example.com",
        b"Subject: New Ticket Assigned: #123 - Printer Not Working",
        b"Date: Mon, 23 Nov 2026 09:00:00 +0000",
        b"Message-ID: <bat_000000000002d@example.com>",
        b"In-Reply-To: <tkt-1@example.com>",
        b"References: <tkt-1@example.com>",
        b"Auto-Submitted: auto-generated",
        b"X-Auto-Response-Suppress: OOF, AutoReply",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative; boundary="=_bat_000000000002d"',
    ]


def test_a_mail_about_no_single_ticket_refers_to_nothing() -> None:
    read = parsed(replace(LETTER, root=None))
    assert (read["References"], read["In-Reply-To"]) == (None, None)


def test_both_parts_are_read_back_as_they_were_written() -> None:
    assert parts_of(LETTER) == (LETTER.text, LETTER.html)
    assert mime.read(write(LETTER)) == Email(
        LETTER.subject, LETTER.text, LETTER.html, write(LETTER)
    )


def test_bytes_that_are_no_mail_are_kept_all_the_same() -> None:
    assert mime.read(b"rubbish") == Email("", "rubbish", "", b"rubbish")
    assert mime.read(b"Content-Type: image/png\r\n\r\n").html == ""


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ("a \nb\t\n", b"a=20\r\nb=09\r\n"),
        ("a ", b"a=20"),
        (".\n..\n.", b"=2E\r\n..\r\n=2E"),
        ("From x\n From y", b"=46=\r\nrom x\r\n From y"),
        ("a\r\nb\rc", b"a\r\nb\r\nc"),
        ("é=\x00", b"=C3=A9=3D=00"),
        ("x" * 74 + " \n", b"x" * 74 + b"=\r\n=20\r\n"),
        ("x" * 75 + " \n", b"x" * 75 + b"=\r\n=20\r\n"),
        ("x" * 77, b"x" * 75 + b"=\r\nxx"),
        ("=_bat_000000000002d", b"=3D_bat_000000000002d"),
    ],
)
def test_the_traps_of_quoted_printable_are_stepped_over(content: str, written: bytes) -> None:
    raw = write(replace(LETTER, text=content))
    assert b"quoted-printable\r\n\r\n" + written + b"\r\n--=_bat" in raw


@given(BODY, BODY)
def test_any_body_is_read_back_from_lines_of_at_most_76(text: str, html: str) -> None:
    letter = replace(LETTER, text=text, html=html)
    # Line ends of every kind become the one that mail knows.
    wanted = [body.replace("\r\n", "\n").replace("\r", "\n") for body in (text, html)]
    assert list(parts_of(letter)) == wanted
    lines = write(letter).split(b"\r\n")
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith(b"From ") or line == b"."]


@pytest.mark.parametrize(
    ("subject", "lines"),
    [
        ("", [b"Subject: "]),
        ("=?utf-8?q?x?=", [b"Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?="]),
        ("Café", [b"Subject: =?utf-8?b?Q2Fmw6k=?="]),
        ("ab " * 24 + "cd", [b"Subject: " + b"ab " * 21 + b"ab", b" ab ab cd"]),
    ],
)
def test_a_subject_is_folded_or_encoded(subject: str, lines: list[bytes]) -> None:
    head = head_lines(replace(LETTER, subject=subject))
    assert head[2 : 2 + len(lines)] == lines


@given(ONE_LINE, ONE_LINE)
def test_any_subject_and_name_are_read_back_from_short_lines(subject: str, name: str) -> None:
    letter = replace(LETTER, subject=subject, from_name=name)
    read = parsed(letter)
    assert read["Subject"] == subject
    (sender,) = read["From"].addresses
    assert sender.addr_spec == letter.from_email
    assert shown_name(letter) == name
    assert len(read.keys()) == 11
    lines = head_lines(letter)
    assert max(map(len, lines)) <= 76
    assert (
        max((len(word) for line in lines for word in line.split() if b"=?" in word), default=0)
        <= 75
    )


def test_no_character_is_shared_between_two_encoded_words() -> None:
    letter = replace(LETTER, subject="🔥" * 1_000, from_name="漢" * 200)
    assert parsed(letter)["Subject"] == "🔥" * 1_000
    for line in head_lines(letter):
        for word in line.split():
            if word.startswith(b"=?"):
                read = EmailMessage(policy=email.policy.default)
                read["Subject"] = word.decode()
                assert "\ufffd" not in read["Subject"]


def test_a_long_name_leaves_the_address_its_own_line() -> None:
    letter = replace(
        LETTER,
        from_name="The Very Patient Help Desk Of The Example",
        from_email="a" * 60 + "@example.com",
    )
    assert head_lines(letter)[:2] == [
        b"From: The Very Patient Help Desk Of The Example",
        b" <" + b"a" * 60 + b"@example.com>",
    ]


@pytest.mark.fault("G11")
@pytest.mark.parametrize("field", [_with_subject, _with_name])
@pytest.mark.parametrize("hostile", ["a\r\nBcc: b@example.com", "a\nb", "a\x00b", "a\rb"])
def test_a_control_character_in_a_header_is_refused(
    field: Callable[[str], Letter], hostile: str
) -> None:
    with pytest.raises(ValueError, match="control"):
        write(field(hostile))


@pytest.mark.fault("G12")
@pytest.mark.parametrize("field", [_to, _from, _reply_to])
@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\n",
        "John <a@example.com>",
        "ä@example.com",
        "a@bücher.example.com",
        '"a\r\n"@example.com',
        '"a"b@example.com',
        "a..b@example.com",
        "a@b@example.com",
        "a" * 320 + "@example.com",
    ],
)
def test_what_is_not_one_address_is_refused(field: Callable[[str], Letter], hostile: str) -> None:
    with pytest.raises(ValueError, match="one mail address"):
        write(field(hostile))


@pytest.mark.parametrize(
    "address",
    [
        '"a, b"@example.com',
        '"a\\"b"@example.com',
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a@corp",
    ],
)
def test_unusual_addresses_are_one_address_each(address: str) -> None:
    (read,) = parsed(replace(LETTER, to=address))["To"].addresses
    assert read.addr_spec == address


def test_the_same_letter_always_gives_the_same_bytes() -> None:
    assert write(LETTER) == write(replace(LETTER))
    assert write(LETTER) != write(replace(LETTER, batch="bat_000000000002e"))
