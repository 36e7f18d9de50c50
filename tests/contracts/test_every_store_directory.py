"""What every store promises of the directory: what is entered, who is who, who is listed."""

from dataclasses import replace

from notifier.model.events import Party
from notifier.model.people import (
    FIELDS,
    NOTHING,
    Card,
    Entry,
    Key,
    Person,
    PersonFilter,
    Written,
)
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import MINUTE
from notifier.store.base import Operated
from notifier.store.views import EventDetail, EventFilter, Slice
from tests.store_harness import JOHN, START, StoreHarness, event

ALL = Slice(200)
ANA = Card("Ana Silva", ("ana@example.com", "a.silva@example.com"), ("+14155550123",), "pt", None)
ID: Key = ("id", "zammad", "4711")
LOGIN: Key = ("login", "zammad", "asilva")
EVERYTHING = frozenset(FIELDS)


def whole(who: str | int, card: Card = NOTHING, *keys: Key) -> Entry:
    return Entry(who, card, keys, EVERYTHING, None)


def part(who: str | int, fields: str, card: Card, *keys: Key) -> Entry:
    return Entry(who, card, keys, frozenset(fields.split()), frozenset(key[:2] for key in keys))


async def entered(desk: StoreHarness, *entries: Entry) -> list[Written]:
    return list(await desk.store.enter(entries))


async def found(desk: StoreHarness, who: str | int) -> Person:
    person = await desk.store.person(who)
    assert person is not None
    return person


async def listed(desk: StoreHarness, **wanted: str) -> list[str | None]:
    page = await desk.store.people(PersonFilter(**wanted), ALL)
    return [person.known.ref for person in page.items]


async def person_of(desk: StoreHarness, to: Party, ticket: str = "123") -> int:
    (delivery, *_) = (await desk.post(event(to=to, ticket=ticket))).deliveries
    number = (await desk.detail(delivery.id)).view.person_id
    assert number is not None
    return number


async def test_who_is_entered_is_found_by_everything_that_was_entered(desk: StoreHarness) -> None:
    assert await entered(desk, whole("ana", ANA, ID, LOGIN)) == [Written("created")]
    person = await found(desk, "ana")
    assert (person.known.card, person.created_at, person.updated_at) == (ANA, START, START)
    assert await found(desk, person.known.id) == person
    for wanted in (
        {"email": "A.Silva@example.com"},
        {"source": "zammad"},
        {"source": "zammad", "id": "4711"},
        {"source": "zammad", "login": "asilva"},
        {"id": "4711"},
        {"login": "asilva"},
        {"prefix": "ana s"},
    ):
        assert await listed(desk, **wanted) == ["ana"], wanted
    for wanted in (
        {"email": "other@example.com"},
        {"source": "jira"},
        {"source": "zammad", "id": "asilva"},
        {"prefix": "silva"},
    ):
        assert await listed(desk, **wanted) == [], wanted
    assert await desk.store.person("bob") is None


async def test_the_same_again_changes_nothing_and_another_thing_does(desk: StoreHarness) -> None:
    await entered(desk, whole("ana", ANA, ID))
    await desk.advance(MINUTE)
    assert await entered(desk, whole("ana", ANA, ID)) == [Written("unchanged")]
    assert (await found(desk, "ana")).updated_at == START
    assert await entered(desk, whole("ana", Card("Ana"), LOGIN)) == [Written("updated")]
    person = await found(desk, "ana")
    assert (person.known.card, person.known.keys) == (Card("Ana"), frozenset({LOGIN}))
    assert (person.created_at, person.updated_at) == (START, START + MINUTE)
    assert await listed(desk, email="ana@example.com") == []


async def test_a_part_changes_what_it_names(desk: StoreHarness) -> None:
    await entered(desk, whole("ana", ANA, ID, LOGIN))
    other: Key = ("id", "jira", "9")
    newer: Key = ("id", "zammad", "4712")
    change = part("ana", "phones", Card(phones=("+14155550199",)), other, newer)
    assert await entered(desk, change) == [Written("updated")]
    known = (await found(desk, "ana")).known
    assert (known.card.name, known.card.phones) == ("Ana Silva", ("+14155550199",))
    assert {other, newer, LOGIN} <= known.keys
    assert ID not in known.keys


async def test_what_leads_to_somebody_else_is_refused_by_name(desk: StoreHarness) -> None:
    await entered(desk, whole("ana", ANA, ID))
    said = await entered(
        desk,
        whole("bob", NOTHING, ID),
        whole("bob", Card(emails=("ana@example.com",))),
        whole("bob", Card("Bob")),
    )
    assert said == [
        Written("taken", "id zammad:4711 is already ana's"),
        Written("taken", "email ana@example.com is already ana's"),
        Written("created"),
    ]
    number = (await found(desk, "bob")).known.id
    assert await entered(desk, whole(number, NOTHING, ID)) == [
        Written("taken", "id zammad:4711 is already ana's")
    ]
    assert await entered(desk, whole(number + 1, ANA)) == [Written("missing")]


async def test_a_key_that_was_given_up_may_be_taken_in_the_same_transaction(
    desk: StoreHarness,
) -> None:
    await entered(desk, whole("ana", ANA, ID))
    said = await entered(desk, whole("ana", Card("Ana")), whole("bob", ANA, ID))
    assert said == [Written("updated"), Written("created")]
    assert await listed(desk, source="zammad", id="4711") == ["bob"]
    assert await listed(desk, email="ana@example.com") == ["bob"]


async def test_a_dry_run_says_the_same_and_writes_nothing(desk: StoreHarness) -> None:
    await entered(desk, whole("ana", ANA, ID))
    entries = [whole("ana", Card("A")), whole("bob", ANA, ID), whole("eva", ANA)]
    said = await desk.store.enter(entries, dry=True)
    assert await listed(desk) == ["ana"]
    assert (await found(desk, "ana")).known.card == ANA
    assert await desk.store.enter(entries) == said
    assert await listed(desk) == ["bob", "ana"]


async def test_the_list_goes_on_where_it_ended(desk: StoreHarness) -> None:
    await entered(desk, *(whole(f"p{number}") for number in range(5)))
    first = await desk.store.people(PersonFilter(), Slice(3))
    rest = await desk.store.people(PersonFilter(), Slice(3, first.next_before))
    assert [one.known.ref for one in (*first.items, *rest.items)] == ["p4", "p3", "p2", "p1", "p0"]
    assert rest.next_before is None


# -- with what help desks named --------------------------------------------------------------


async def test_who_was_named_by_an_id_alone_becomes_who_is_entered_under_it(
    desk: StoreHarness,
) -> None:
    (failed,) = (await desk.post(event(to=Party(id="7", name="Ana S.")))).deliveries
    met = (await desk.detail(failed.id)).view.person_id
    assert await entered(desk, whole("ana", ANA, ("id", "default", "7"))) == [Written("created")]
    assert (await found(desk, "ana")).known.id == met
    assert await desk.retry(failed.id) == Operated(State.FAILED, None)
    view = (await desk.detail(failed.id)).view
    assert (view.recipient, view.person_name, view.person_id) == (
        "ana@example.com",
        "Ana Silva",
        met,
    )


async def test_what_is_entered_wins_and_gaps_are_filled(desk: StoreHarness) -> None:
    await entered(desk, whole("john", Card("J. S.", ("said@example.com",)), ("id", "default", "7")))
    both = Party(id="7", name="John", email="john@example.com", phone="+14155550123")
    answer = await desk.post(event(to=both))
    assert [one.recipient for one in answer.deliveries] == ["said@example.com", "+14155550123"]
    assert {one.person_name for one in answer.deliveries} == {"J. S."}
    person = await found(desk, "john")
    assert person.known.met == Card(phones=("+14155550123",))
    later = await desk.post(event(to=Party(email="said@example.com"), ticket="124"))
    assert [one.recipient for one in later.deliveries] == ["said@example.com", "+14155550123"]


async def test_what_was_met_is_let_go_when_something_is_entered_in_its_place(
    desk: StoreHarness,
) -> None:
    number = await person_of(desk, JOHN)
    assert await entered(desk, whole(number, Card(emails=("new@example.com",)))) == [
        Written("updated")
    ]
    known = (await found(desk, number)).known
    assert (known.ref, known.met, known.card.name) == (None, Card("John Smith"), "John Smith")
    assert known.keys == {("email", "", "new@example.com")}


async def test_two_who_turn_out_to_be_one_become_one_with_all_their_deliveries(
    desk: StoreHarness,
) -> None:
    one = await person_of(desk, Party(id="7", name="John"))
    two = await person_of(desk, Party(email="john@example.com"), "124")
    card = Card(emails=("john@example.com",))
    assert await entered(desk, whole("john", card, ("id", "default", "7"))) == [Written("created")]
    kept = (await found(desk, "john")).known
    assert kept.id in (one, two)
    assert await person_of(desk, Party(id="7"), "125") == kept.id
    assert await listed(desk) == ["john"]
    page = await desk.store.events(EventFilter(), ALL)
    events = [item for item in page.items if isinstance(item, EventDetail)]
    assert {row.person_id for item in events for row in item.deliveries} == {kept.id}


async def test_who_shares_a_mailbox_with_somebody_entered_is_not_taken_for_them(
    desk: StoreHarness,
) -> None:
    seven = await person_of(desk, JOHN)
    card = Card("Bob", ("john@example.com",))
    assert await entered(desk, whole("bob", card, ("id", "default", "8"))) == [Written("created")]
    assert (await found(desk, "bob")).known.id != seven
    assert await person_of(desk, Party(id="7"), "124") == seven
    assert await listed(desk, email="john@example.com") == ["bob"]
    again = await desk.post(event(to=JOHN, ticket="125"))
    assert [(one.recipient, one.person_name) for one in again.deliveries] == [
        ("john@example.com", "John Smith")
    ]


async def test_an_own_action_is_known_by_what_was_entered(desk: StoreHarness) -> None:
    login: Key = ("login", "default", "jsmith")
    await entered(
        desk, whole("john", Card(emails=("j@example.com",)), ("id", "default", "1"), login)
    )
    (delivery,) = (await desk.post(event(to=Party(login="jsmith")))).deliveries
    assert (delivery.state, delivery.reason) == (State.SUPPRESSED, Reason.OWN_ACTION)


async def test_who_shares_a_telephone_with_somebody_entered_is_not_taken_for_them(
    desk: StoreHarness,
) -> None:
    line = "+14155550100"
    bob = Party(id="9", name="Bob", email="bob@example.com", phone=line)
    before = await person_of(desk, bob, ticket="1")
    await entered(desk, whole("alice", Card("Alice", ("alice@example.com",), (line,)), ID))
    assert (await found(desk, "alice")).known.id != before
    again = replace(bob, id=None)
    (mail, *_) = (await desk.post(event(ticket="2", to=again))).deliveries
    assert (mail.person_name, mail.recipient) == ("Bob", "bob@example.com")
