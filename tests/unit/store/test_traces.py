"""What names somebody inside texts: found as a whole word, in every spelling of JSON."""

import json

from notifier.model.events import Event, Party, Ticket, from_facts, to_facts
from notifier.model.people import Card
from notifier.model.plans import TicketState
from notifier.store import cards, tickets, traces

ANA = traces.traces(
    ("Ana Silvânia", "ana@example.com", "+14155550123", " "),
    (("id", "zammad", "4711"), ("login", "zammad", "asilva"), ("email", "", "ana@example.com")),
)


def party(**fields: str) -> bool:
    return traces.is_party("zammad", fields, ANA)


def test_a_text_counts_where_it_is_no_part_of_a_longer_word() -> None:
    assert traces.names("call ana silvânia, please", ANA)
    assert traces.names(json.dumps({"who": "Ana Silvânia"}), ANA)
    assert traces.names("<ana@example.com>", ANA)
    assert not traces.names("Ana Silvâniana", ANA)
    assert not traces.names("joana@example.com", ANA)
    assert traces.from_text("Ana Silvânia <ANA@example.com>", ANA) == "erased <erased>"


def test_a_body_may_be_a_form() -> None:
    assert traces.in_body("who=Ana+Silv%C3%A2nia&x=1", ANA)
    assert traces.in_body("mail=ana%40example.com", ANA)
    assert traces.in_body("Ana Silvânia", ANA)
    assert not traces.in_body("who=Ana&x=100%25", ANA)


def test_without_anything_to_look_for_nothing_is_found() -> None:
    nothing = traces.traces((), ())
    assert not traces.names("Ana", nothing)
    assert traces.from_text("Ana", nothing) == "Ana"


def test_a_party_is_the_person_by_key_by_address_or_by_a_name_alone() -> None:
    assert party(id="4711")
    assert party(login="asilva", name="Somebody")
    assert party(email="ANA@example.com", id="8")
    assert party(phone="+14155550123")
    assert party(name="ana silvânia")
    assert not party(name="Ana Silvânia", id="8")
    assert not party(id="4712")
    assert not traces.is_party("other", {"id": "4711"}, ANA)
    assert not traces.is_party("zammad", None, ANA)


def test_facts_lose_the_person_and_keep_everybody_else() -> None:
    jane = Party(id="9", name="Jane Doe")
    ticket = Ticket("1", "Ana Silvânia: printer", "1", version=7)
    happened = Event("zammad", "w", "ticket.assigned", 1, ticket, Party(id="4711"), jane, jane)
    cleaned = traces.from_facts("zammad", to_facts(happened), ANA)
    assert cleaned is not None
    head = ("zammad", "w", "ticket.assigned", 1)
    assert from_facts(head, cleaned) == Event(
        *head, Ticket("1", "erased: printer", "1", version=7), None, jane, jane
    )
    other = Event(*head, Ticket("1", "Printer", "1"), jane)
    assert traces.from_facts("zammad", to_facts(other), ANA) is None


def test_a_ticket_loses_its_holder_only_when_it_is_the_person() -> None:
    held = TicketState(3, Party(login="asilva"), 7, 1, closed=True)
    cleaned = traces.from_ticket("zammad", tickets.to_text(held), ANA)
    assert cleaned is not None
    assert tickets.from_text(3, cleaned) == TicketState(3, None, 7, 1, closed=True)
    other = tickets.to_text(TicketState(3, Party(id="9"), 7, 1))
    assert traces.from_ticket("zammad", other, ANA) is None


def test_a_card_is_read_back_as_it_was_written() -> None:
    for card in (Card(), Card("Ana", ("a@example.com", "b@example.com"), ("+1",), "pt", "UTC")):
        assert cards.from_text(cards.to_text(card)) == card
    assert cards.to_text(Card()) == "{}"
