"""The published messages, word for word, and what becomes of a batch that has no such words."""

from dataclasses import replace

import pytest

from notifier.model.deliveries import Batch
from notifier.model.errors import Permanent
from notifier.model.events import Event, Party, Priority
from notifier.model.messages import Email, Medium, Sms
from notifier.model.rates import Limits, Window
from notifier.model.reasons import Reason
from notifier.model.times import DAY, HOUR, MINUTE, SECOND, Millis
from notifier.rendering.facts import limit_text
from notifier.rendering.renderer import Renderer
from notifier.rendering.style import Style
from tests.unit.rendering.examples import (
    ASSIGNED,
    CREATED,
    LINKED,
    STYLE,
    TEST,
    about,
    batch,
    titled,
)

RENDERER = Renderer(STYLE)
CRITICAL, HIGH, MEDIUM, LOW = Priority


def mail(made_from: Batch, renderer: Renderer = RENDERER) -> Email:
    message = renderer.render(made_from, Medium.EMAIL)
    assert isinstance(message, Email)
    return message


def sms(made_from: Batch, renderer: Renderer = RENDERER) -> Sms:
    message = renderer.render(made_from, Medium.SMS)
    assert isinstance(message, Sms)
    return message


def test_an_assignment_is_told_in_the_published_words() -> None:
    message = mail(batch(ASSIGNED))
    assert message.subject == "New Ticket Assigned: #123 - Printer Not Working"
    assert (
        message.text
        == """\
Hi John Smith,

A new ticket has been assigned to you.

Ticket Details:
• Ticket ID: #123
• Title: Printer Not Working
• Priority: HIGH
• Assigned by: Administrator

Please log in to the IT Help Desk system to view and manage this ticket.

Best regards,
IT Help Desk System"""
    )


def test_a_new_ticket_is_told_in_the_published_words() -> None:
    message = mail(batch(CREATED))
    assert message.subject == "New Support Request: #124 - Network Issue"
    assert (
        message.text
        == """\
Hi John Smith,

A new support ticket has been created and assigned to you.

Ticket Details:
• Ticket ID: #124
• Title: Network Issue
• Category: Network
• Priority: MEDIUM
• Created by: Jane Doe

Please review and respond to this ticket as soon as possible.

Best regards,
IT Help Desk System"""
    )


def test_text_messages_use_the_published_words() -> None:
    assert sms(batch(ASSIGNED)) == Sms(
        "[HIGH] Ticket #123 assigned to you: Printer Not Working", "GSM-7", 1
    )
    assert sms(batch(CREATED)) == Sms("[MEDIUM] New ticket #124 for you: Network Issue", "GSM-7", 1)


SEVEN = [
    about("130"),
    about("131", LOW),
    about("132", of=CREATED),
    about("133", CRITICAL),
    about("134", MEDIUM),
    about("135"),
    about("136", LOW),
]


@pytest.mark.parametrize("number", ["\u200b\u200b", " ", "\xad", "\0"], ids=ascii)
def test_a_number_of_which_nothing_can_be_seen_gives_way_to_the_id(number: str) -> None:
    unseen = replace(ASSIGNED, ticket=replace(ASSIGNED.ticket, id="307", number=number))
    assert mail(batch(unseen)).subject == "New Ticket Assigned: #307 - Printer Not Working"
    assert "Ticket #307 " in sms(batch(unseen)).body


def test_a_hostile_number_is_made_fit_for_every_place() -> None:
    hostile = about("1\r\nBcc: all@example.com\u202e\0" + "9" * 5000)
    for made in (batch(hostile), batch(hostile, about("2"))):
        subject = mail(made).subject
        assert "#1 Bcc: all@example.com999" in subject
        assert subject.isprintable()
        assert len(subject) < 200
        assert sms(made).segments == 1


def test_a_roll_up_is_told_in_the_published_words() -> None:
    message = mail(batch(*SEVEN))
    assert message.subject == "7 tickets need your attention: #133, #130, #132 and 4 more"
    assert (
        message.text
        == """\
Hi John Smith,

7 notices waited because of the limit of 5 mails per minute.

• #133 [CRITICAL] Printer Not Working (assigned)
• #130 [HIGH] Printer Not Working (assigned)
• #132 [HIGH] Network Issue (created)
• #135 [HIGH] Printer Not Working (assigned)
• #134 [MEDIUM] Printer Not Working (assigned)
• #131 [LOW] Printer Not Working (assigned)
• #136 [LOW] Printer Not Working (assigned)

Best regards,
IT Help Desk System"""
    )
    assert sms(batch(*SEVEN)).body == "[CRITICAL] 7 tickets for you: #133 #130 #132 +4"


def test_a_roll_up_of_a_few_names_them_all() -> None:
    assert mail(batch(*SEVEN[:2])).subject == "2 tickets need your attention: #130, #131"
    assert sms(batch(*SEVEN[:3])).body == "[HIGH] 3 tickets for you: #130 #132 #131"


def test_a_roll_up_lists_fifty_and_names_some_of_the_rest() -> None:
    many = [about(str(number)) for number in range(130, 182)]
    lines = mail(batch(*many)).text.splitlines()
    assert len([line for line in lines if line.startswith("•")]) == 50
    assert "… and 2 more: #180, #181" in lines
    more = [about(str(number)) for number in range(130, 330)]
    named = ", ".join(f"#{number}" for number in range(180, 210))
    assert f"… and 150 more: {named}, …" in mail(batch(*more)).text.splitlines()


def test_a_ticket_is_listed_once_with_its_last_state() -> None:
    later = titled("Printer On Fire", about("131", CRITICAL, of=CREATED))
    message = mail(batch(about("131"), about("132"), later))
    assert message.subject == "2 tickets need your attention: #131, #132"
    assert message.text.splitlines()[2:6] == [
        "3 notices waited because of the limit of 5 mails per minute.",
        "",
        "• #131 [CRITICAL] Printer On Fire (created)",
        "• #132 [HIGH] Printer Not Working (assigned)",
    ]


def test_a_roll_up_of_one_ticket_still_reads_well() -> None:
    both = batch(CREATED, replace(CREATED, type="ticket.sla_warning"))
    assert mail(both).subject == "1 ticket needs your attention: #124"
    assert "• #124 [MEDIUM] Network Issue (sla warning)" in mail(both).text
    assert sms(both).body == "[MEDIUM] 1 ticket for you: #124"
    assert b"References: <tkt-" in mail(both).raw


@pytest.mark.parametrize(
    ("count", "length", "words"),
    [
        (5, MINUTE, "5 mails per minute"),
        (1, MINUTE, "1 mail per minute"),
        (60, HOUR, "60 mails per hour"),
        (9, SECOND, "9 mails per second"),
        (20, 3 * HOUR, "20 mails per 3 hours"),
        (2, 90 * SECOND, "2 mails per 90 seconds"),
        (2, 2 * DAY, "2 mails per 2 days"),
        (2, 1_500, "2 mails per 1500ms"),
    ],
)
def test_the_limit_is_said_in_words(count: int, length: Millis, words: str) -> None:
    assert limit_text(Limits((Window(count, length), Window(1, DAY)))) == words


@pytest.mark.parametrize("limits", [{}, {"email": Limits()}])
def test_without_a_limit_nothing_is_said_about_it(limits: dict[str, Limits]) -> None:
    message = mail(batch(*SEVEN), Renderer(replace(STYLE, limits=limits)))
    assert message.text.startswith("Hi John Smith,\n\n• #133")


def test_a_test_message_speaks_of_no_ticket() -> None:
    message = mail(batch(TEST))
    assert message.subject == "Test message from IT Help Desk System"
    assert "123" not in message.text + message.html
    assert b"References" not in message.raw
    assert sms(batch(TEST)).body == "Test message from IT Help Desk System"


def test_with_a_link_it_is_the_last_detail() -> None:
    lines = mail(batch(LINKED)).text.splitlines()
    assert lines[lines.index("• Assigned by: Administrator") + 1 :][:2] == [
        "• Link: https://desk.example.com/tickets/123",
        "",
    ]
    assert "https" not in sms(batch(LINKED)).body


UNKNOWN = replace(
    CREATED,
    ticket=replace(CREATED.ticket, category=None, title="\u200b"),
    requester=None,
    actor=None,
)


def test_a_line_whose_value_is_unknown_is_left_out() -> None:
    message = mail(batch(UNKNOWN, name=None))
    assert message.subject == "New Support Request: #124"
    assert message.text.startswith("Hi,\n")
    details = [line for line in message.text.splitlines() if line.startswith("•")]
    assert details == ["• Ticket ID: #124", "• Priority: MEDIUM"]
    assert sms(batch(UNKNOWN)).body == "[MEDIUM] New ticket #124 for you"
    rolled = mail(batch(UNKNOWN, ASSIGNED, name=None)).text
    assert "• #124 [MEDIUM] (created)" in rolled


def test_the_actor_stands_in_for_an_unknown_requester() -> None:
    event = replace(CREATED, requester=Party("9", name=None))
    assert "• Created by: Administrator" in mail(batch(event)).text


@pytest.mark.parametrize(("number", "shown"), [("123", "#123"), ("#123", "#123"), ("##1", "##1")])
def test_a_number_has_one_leading_hash(number: str, shown: str) -> None:
    assert mail(batch(about(number))).text.count(f"Ticket ID: {shown}\n") == 1


def test_another_type_is_told_like_an_assignment() -> None:
    event = replace(ASSIGNED, type="ticket.escalated")
    assert mail(batch(event)).subject == "New Ticket Assigned: #123 - Printer Not Working"


def test_the_sender_is_named_at_the_end_and_in_the_header() -> None:
    message = mail(batch(ASSIGNED), Renderer(replace(STYLE, from_name="Café\r\nDesk")))
    assert message.text.endswith("Best regards,\nCafé Desk")
    assert b"From: =?utf-8?b?Q2Fmw6kgRGVzaw==?= <helpdesk@example.com>\r\n" in message.raw


def test_roll_up_text_messages_name_as_many_tickets_as_fit() -> None:
    long = [about(letter * 60, MEDIUM) for letter in "ABCD"]
    assert sms(batch(*long)) == Sms(
        f"[MEDIUM] 4 tickets for you: #{'A' * 38}... #{'B' * 38}... +2", "GSM-7", 1
    )
    wide = [about("я" * 30 + letter) for letter in "ABCD"]
    assert sms(batch(*wide)).body == f"[HIGH] 4 tickets for you: #{'я' * 30}A +3"


def test_the_same_batch_always_gives_the_same_bytes() -> None:
    made = [mail(batch(*SEVEN), Renderer(STYLE)) for _ in range(2)]
    assert made[0] == made[1]


def test_every_mail_of_a_ticket_refers_to_one_root() -> None:
    def root(event: Event) -> bytes:
        raw = mail(replace(batch(event), id=event.occurred_at)).raw
        return next(line for line in raw.split(b"\r\n") if line.startswith(b"References: "))

    assert root(ASSIGNED) == root(titled("Renamed"))
    assert root(ASSIGNED) != root(about("124"))
    assert root(ASSIGNED) != root(replace(ASSIGNED, source="zammad"))
    assert b"References" not in mail(batch(*SEVEN)).raw


def test_stored_bytes_are_sent_again_whatever_the_templates_say_now() -> None:
    first = mail(batch(ASSIGNED))
    again = mail(batch(titled("Renamed"), stored=first.raw))
    assert again == first
    text = sms(batch(CREATED, stored="[LOW] Ticket é".encode()))
    assert text == Sms("[LOW] Ticket é", "GSM-7", 1)


RECIPES: list[Style] = [
    replace(STYLE, from_name="Desk"),
    replace(STYLE, from_email="desk@example.com"),
    replace(STYLE, reply_to="desk@example.com"),
    replace(STYLE, url_template="https://desk.example.com/{id}"),
    replace(STYLE, url_hosts=frozenset({"desk.example.com"})),
    replace(STYLE, sms_max_segments=2),
    replace(STYLE, limits={}),
]


@pytest.mark.parametrize("style", RECIPES)
def test_the_recipe_changes_with_the_style(style: Style) -> None:
    assert Renderer(style).recipe != RENDERER.recipe
    assert Renderer(style).recipe == Renderer(replace(style)).recipe


@pytest.mark.fault("G12")
def test_an_address_that_would_forge_a_header_fails_the_delivery() -> None:
    with pytest.raises(Permanent) as raised:
        RENDERER.render(batch(ASSIGNED, to="a@example.com\r\nBcc: b@example.com"), Medium.EMAIL)
    assert raised.value.reason is Reason.TEMPLATE_ERROR
    assert raised.value.evidence.phase == "render"
    assert raised.value.evidence.reply == "ValueError: not one mail address in ASCII"
