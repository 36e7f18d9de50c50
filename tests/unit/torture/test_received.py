"""The strict reader of mails: an innocent mail passes, each kind of damage is named."""

import pytest

from notifier.rendering import mime
from notifier.rendering.mime import Letter
from tests.torture.received import faults

TO = "john@example.com"
HTML = '<html><body><p>Hi</p><a href="https://desk.example.com/1">Open</a></body></html>'


def mail(subject: str = "New Ticket", text: str = "Hi", html: str = HTML) -> bytes:
    return mime.write(
        Letter(
            from_name="Desk",
            from_email="desk@example.com",
            reply_to=None,
            to=TO,
            subject=subject,
            batch="bat_1",
            first_at=1_795_424_400_000,
            root="tkt-1",
            text=text,
            html=html,
        )
    )


def test_an_innocent_mail_has_no_faults() -> None:
    assert faults(mail("Größe 😀"), TO, mail()) == []


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (mail().replace(b"Subject: ", b"X-Injected: yes\r\nSubject: "), "its headers are"),
        (mail().replace(b"Subject:", b"Subject:\n"), "a line end is not CRLF"),
        (mail().replace(b"Hi", b"Hi\0"), "a byte is not printable"),
        (mail().replace(b"New Ticket", b"x" * 1200), "a line has 12"),
        (mail("a\u202eb"), "Subject shows"),
        (mail(text="a\u202eb"), "its text shows"),
        (mail(html=HTML.replace("Hi", "\u2066Hi")), "its HTML shows"),
        (mail(html=HTML.replace("Hi", "<script>x</script>")), "its HTML has ['script']"),
        (mail(html=HTML.replace("<p>", '<p onclick="x">')), "its HTML has ['onclick']"),
        (mail(html=HTML.replace("https:", "javascript:")), "its HTML links to"),
        (mail(html=HTML.replace("Hi", "x" * 100_000)), "its HTML has 100"),
        (mail().replace(b"To: john", b"To: jane@example.com, john"), "it is addressed to"),
        (mail().replace(b"--=_bat_1--", b""), "it cannot be read"),
    ],
)
def test_damage_is_named(raw: bytes, named: str) -> None:
    assert any(named in fault for fault in faults(raw, TO, mail())), faults(raw, TO, mail())
