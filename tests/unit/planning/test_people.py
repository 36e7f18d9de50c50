"""Whom a party is, and what an event teaches of them."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from notifier.model.events import Event, Party
from notifier.model.people import NOTHING, Card, Key, Known, Met, address_keys, no_address, over
from notifier.planning import people
from notifier.planning.policy import Policy
from tests.unit.planning.examples import ASSIGNED, JANE, JOHN, POLICY, event

ID = ("id", "default", "7")
LOGIN = ("login", "default", "jsmith")
MAIL = ("email", "", "john@example.com")
PHONE = ("phone", "", "+14155550123")

SAID = Card("John S.", ("said@example.com", "two@example.com"), ("+14155550111",), "fr", "UTC")
MET = Card("Johnny", ("met@example.com",), ("+14155550122",), "de", "Europe/Berlin")


def known(said: Card = NOTHING, met: Card = NOTHING, *keys: Key, number: int = 1) -> Known:
    return Known(number, None, said, met, frozenset(keys))


def directory(*all_known: Known) -> Mapping[Key, Known]:
    return {key: one for one in all_known for key in one.keys}


def complete(party: Party, *all_known: Known, older: bool = False) -> people.Completed:
    heard = event(ASSIGNED, party)
    return people.completed(heard, directory(*all_known), POLICY, older=older)


def assignee(party: Party, *all_known: Known) -> Party:
    found = complete(party, *all_known).event.assignee
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("person", "keys"),
    [
        (replace(JOHN, login="jsmith"), (ID, LOGIN, MAIL, PHONE)),
        (Party(email="John@Example.com", phone="+1 415 555 0123"), (MAIL, PHONE)),
        (Party(name="John Smith", phone="nonsense"), (("name", "default", "John Smith"),)),
        (Party(email="nonsense"), (("name", "default", "nonsense"),)),
        (Party(phone="12"), (("name", "default", "12"),)),
        (Party(), (("name", "default", "?"),)),
        (Party(id="7\ud800"), (("id", "default", "7\\ud800"),)),
    ],
)
def test_the_surest_key_comes_first(person: Party, keys: tuple[Key, ...]) -> None:
    assert people.keys_of(person, "default", None) == keys


def test_a_national_number_is_a_key_in_its_one_form() -> None:
    assert people.keys_of(Party(phone="(415) 555-0123"), "default", "US") == (PHONE,)


def test_the_directory_is_asked_about_assignee_and_actor() -> None:
    heard = event(ASSIGNED, JOHN, actor=Party(login="jsmith"))
    assert people.names_of(heard, POLICY) == (ID, MAIL, PHONE, LOGIN)
    assert people.names_of(event(ASSIGNED, None, actor=None), POLICY) == ()
    assert people.names_of(replace(heard, type="test.message"), POLICY) == ()


def test_nobody_known_is_told_as_named_and_remembered() -> None:
    made = complete(JOHN)
    assert made.event == event(ASSIGNED, JOHN)
    card = Card("John Smith", ("john@example.com",), ("+14155550123",))
    assert made.met == Met(None, card, (ID, MAIL, PHONE))


def test_no_assignee_teaches_nothing() -> None:
    heard = event(ASSIGNED, None, actor=None)
    assert people.completed(heard, {}, POLICY) == people.Completed(heard, None)


def test_what_the_operator_said_wins() -> None:
    found = assignee(replace(JOHN, locale="en"), known(SAID, MET, ID))
    assert found == Party("7", "John S.", "said@example.com", "+14155550111", "fr", "UTC")


def test_gaps_are_filled_by_the_event_then_by_what_was_met() -> None:
    assert assignee(Party(id="7"), known(NOTHING, MET, ID)) == Party(
        "7", "Johnny", "met@example.com", "+14155550122", "de", "Europe/Berlin"
    )
    said = Card(emails=("said@example.com",))
    found = assignee(JOHN, known(said, MET, ID))
    assert (found.name, found.email, found.phone) == (
        "John Smith",
        "said@example.com",
        "+14155550123",
    )


def test_an_address_that_is_not_valid_does_not_hide_a_known_one() -> None:
    party = Party(id="7", email="nonsense")
    assert assignee(party, known(NOTHING, MET, ID)).email == "met@example.com"
    assert assignee(party, known(NOTHING, NOTHING, ID)).email == "nonsense"


@pytest.mark.parametrize(
    ("party", "key"),
    [
        (Party(id="7"), ID),
        (Party(login="jsmith"), LOGIN),
        (Party(email="JOHN@example.com"), MAIL),
        (Party(phone="+14155550123"), PHONE),
    ],
)
def test_any_key_finds_a_person_and_gives_their_one_id_and_login(party: Party, key: Key) -> None:
    other = ("id", "zammad", "1")
    found = assignee(party, known(SAID, NOTHING, *{ID, LOGIN, key, other}))
    assert (found.id, found.login, found.email) == ("7", "jsmith", "said@example.com")


def test_of_several_ids_of_one_person_all_are_one() -> None:
    both = known(SAID, NOTHING, ID, ("id", "default", "70"))
    assert assignee(Party(id="70"), both).id == assignee(Party(id="7"), both).id == "7"


def test_the_source_id_is_surer_than_anything_else() -> None:
    mine = known(SAID, NOTHING, ID, ("login", "default", "old"))
    other = known(MET, NOTHING, LOGIN, MAIL, number=2)
    found = assignee(Party(id="7", login="jsmith", email="john@example.com"), mine, other)
    assert found.email == "said@example.com"


@pytest.mark.parametrize("key", [("id", "default", "8"), ("login", "default", "other")])
def test_a_shared_mailbox_does_not_make_two_ids_or_logins_one_person(key: Key) -> None:
    other = known(SAID, NOTHING, key, MAIL, number=2)
    party = Party(id="7", name="John", login="jsmith", email="john@example.com")
    made = complete(party, other)
    assert made.event.assignee == party
    assert made.met == Met(None, Card("John", ("john@example.com",)), (ID, LOGIN))


def test_a_person_found_by_login_alone_is_not_one_with_another_id() -> None:
    other = known(SAID, NOTHING, ("id", "default", "8"), LOGIN, number=2)
    assert assignee(Party(id="7", login="jsmith"), other).email is None
    assert assignee(Party(login="jsmith"), other).email == "said@example.com"


def test_the_actor_is_completed_too() -> None:
    john = known(SAID, NOTHING, ID, LOGIN)
    heard = event(ASSIGNED, Party(login="jsmith"), actor=Party(id="7"))
    made = people.completed(heard, directory(john), POLICY).event
    assert made.actor == made.assignee


# -- what is learnt --------------------------------------------------------------------------


def met(party: Party, *all_known: Known, older: bool = False) -> Met | None:
    return complete(party, *all_known, older=older).met


def test_nothing_is_learnt_twice() -> None:
    made = met(JOHN)
    assert made is not None
    assert met(JOHN, known(NOTHING, made.card, *made.keys)) is None


def test_newer_contacts_replace_older_ones_and_their_keys() -> None:
    before = known(NOTHING, MET, ID, *address_keys(MET))
    made = met(replace(JOHN, locale="en", time_zone="UTC"), before)
    assert made == Met(
        1,
        Card("John Smith", ("john@example.com",), ("+14155550123",), "en", "UTC"),
        (MAIL, PHONE),
        address_keys(MET),
    )


def test_an_older_event_fills_gaps_only() -> None:
    before = known(NOTHING, MET, ID, *address_keys(MET))
    assert met(JOHN, before, older=True) is None
    learnt = met(JOHN, known(NOTHING, NOTHING, ID), older=True)
    assert learnt is not None
    assert learnt.card == Card("John Smith", ("john@example.com",), ("+14155550123",))


def test_what_the_operator_said_is_never_overwritten_nor_added_to() -> None:
    party = replace(JOHN, locale="en", time_zone="UTC")
    assert met(party, known(SAID, NOTHING, ID)) is None
    made = met(party, known(Card(emails=("said@example.com",)), NOTHING, ID))
    assert made is not None
    assert (made.card.emails, made.keys) == ((), (PHONE,))


def test_another_key_of_a_known_person_is_learnt() -> None:
    said = Card(emails=("john@example.com",))
    assert met(Party(id="7", email="john@example.com"), known(said, NOTHING, MAIL)) == Met(
        1, NOTHING, (ID,)
    )


def test_two_cards_become_one() -> None:
    assert over(SAID, NOTHING) == SAID
    assert over(NOTHING, MET) == MET
    assert over(SAID, MET) == SAID
    assert known(Card(name="John"), MET).card == replace(MET, name="John")


# -- the sentence ----------------------------------------------------------------------------


def test_the_sentence_names_the_id_to_add() -> None:
    assert no_address(("zammad", "4711", None), "Ana Silva") == (
        "The help desk zammad named only id 4711 (Ana Silva), and no address is known: add one "
        "with notifier people set NAME --source zammad:4711 --email ADDRESS, then retry."
    )
    assert "login asilva, and" in no_address(("zammad", None, "asilva"), None)
    assert "--login zammad:asilva --email" in no_address(("zammad", None, "asilva"), None)
    assert "only a name (Ana)" in no_address(("zammad", None, None), "Ana")


def test_somebody_who_acts_under_another_name_did_it_themselves() -> None:
    john = known(SAID, NOTHING, ID, LOGIN)
    heard: Event = event(ASSIGNED, Party(email="said@example.com"), actor=Party(id="7"))
    policy: Policy = POLICY
    both = directory(john, replace(john, keys=john.keys | set(address_keys(SAID))))
    made = people.completed(heard, both, policy).event
    assert made.assignee == made.actor
    assert made.assignee != JANE


@pytest.mark.parametrize("email", ["eve@example.com", None])
def test_a_shared_telephone_does_not_make_two_mail_addresses_one_person(email: str | None) -> None:
    other = known(SAID, NOTHING, PHONE, *address_keys(SAID))
    found = assignee(Party(email=email, phone="+14155550123"), other)
    assert found.email == (email or "said@example.com")
