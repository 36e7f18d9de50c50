"""What every store promises of somebody who is erased: nothing of them is left, in no file."""

import asyncio
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from notifier.model.deliveries import Outcome, OutcomeKind
from notifier.model.errors import StoreFailed
from notifier.model.events import Event, Party
from notifier.model.people import FIELDS, Card, Entry
from notifier.model.times import MINUTE
from notifier.store.views import (
    DeliveryFilter,
    EventDetail,
    EventFilter,
    RawCall,
    Slice,
    UnmappedCall,
)
from tests.store_harness import JANE, JOHN, START, StoreHarness, event

ANA = Party(id="4711", name="Ana Silvânia", email="ana.silvania@example.com", phone="+14155550177")
NAMES = (b"Ana Silv", b"ana.silvania", b"+14155550177", b"Silv\\u00e2nia", b"Anita")
ALL = Slice(200)
UNKNOWN = Outcome(
    OutcomeKind.UNKNOWN, next_at=START + MINUTE, stored=b"To: ana.silvania@example.com"
)
HARD = Outcome(OutcomeKind.FAILED, None, counts_against_address=True)


def remains(folder: Path) -> list[tuple[str, bytes]]:
    """Give where the bytes of a name or an address stand, in any file of the store."""
    return [
        (file.name, name)
        for file in sorted(folder.iterdir())
        for name in NAMES
        if name in file.read_bytes() or name.lower() in file.read_bytes().lower()
    ]


async def told(desk: StoreHarness, happened: Event) -> list[int]:
    body = f'{{"who": "{ANA.name}", "mail": "{ANA.email}", "tel": "{ANA.phone}"}}'.encode()
    return [one.id for one in (await desk.post(happened, body=body)).deliveries]


async def whom(desk: StoreHarness, number: int) -> int:
    found = (await desk.detail(number)).view.person_id
    assert found is not None
    return found


async def events(desk: StoreHarness) -> list[EventDetail]:
    page = await desk.store.events(EventFilter(), ALL)
    return [one for one in page.items if isinstance(one, EventDetail)]


async def states(desk: StoreHarness, numbers: list[int]) -> list[str]:
    return [await desk.state_of(number) for number in numbers]


async def test_of_a_mail_that_waits_nothing_is_left(desk: StoreHarness, tmp_path: Path) -> None:
    desk.places.left = {"email": 0, "sms": 0}
    numbers = await told(desk, event(to=ANA))
    assert remains(tmp_path)
    assert await desk.store.erase(await whom(desk, numbers[0])) is True
    assert remains(tmp_path) == []
    assert await states(desk, numbers) == ["cancelled: operator"] * 2
    desk.places.left = {"email": 9, "sms": 9}
    await desk.advance(MINUTE)
    assert desk.taker.batches == []


async def test_of_what_was_sent_history_keeps_the_rows(desk: StoreHarness, tmp_path: Path) -> None:
    numbers = await told(desk, event(to=ANA))
    for batch in list(desk.taker.batches):
        await desk.settle(batch, OutcomeKind.SENT)
    person = await whom(desk, numbers[0])
    await desk.store.erase(person)
    assert remains(tmp_path) == []
    views = (await desk.store.deliveries(DeliveryFilter(), ALL)).items
    assert {(one.state, one.recipient, one.person_name, one.person_id) for one in views} == {
        ("sent", None, None, None)
    }
    (found,) = await events(desk)
    assert (found.event.assignee, found.event.ticket.title) == (None, "Printer Not Working")
    assert await desk.store.person(person) is None
    assert await desk.store.erase(person) is False
    again = await desk.retry(numbers[0])
    assert again is not None
    assert "was erased" in str(again.refusal)


async def test_of_a_stored_message_nothing_is_left(desk: StoreHarness, tmp_path: Path) -> None:
    (number,) = await told(desk, event(to=replace(ANA, phone=None)))
    await desk.settle(desk.taker.batches.pop(), UNKNOWN)
    assert await desk.state_of(number) == "unknown"
    await desk.store.erase(await whom(desk, number))
    assert remains(tmp_path) == []
    assert await desk.state_of(number) == "cancelled: operator"
    await desk.advance(2 * MINUTE)
    assert desk.taker.batches == []


@pytest.mark.parametrize("outcome", [OutcomeKind.SENT, OutcomeKind.REFUSED, UNKNOWN, HARD])
async def test_what_is_being_sent_leaves_nothing_when_it_ends(
    desk: StoreHarness, tmp_path: Path, outcome: Outcome | OutcomeKind
) -> None:
    (number,) = await told(desk, event(to=replace(ANA, phone=None)))
    batch = desk.taker.batches.pop()
    await desk.store.erase(await whom(desk, number))
    assert desk.taker.unwanted == [batch.id]
    await desk.settle(batch, outcome)
    await desk.store.flush()
    await desk.store.sweep()
    assert remains(tmp_path) == []
    sent = outcome is OutcomeKind.SENT
    assert (await desk.detail(number)).view.state == ("sent" if sent else "cancelled")
    assert {one.reply for one in (await desk.detail(number)).attempts} == {None}


async def test_a_stored_message_that_is_sent_again_meanwhile_leaves_nothing(
    desk: StoreHarness, tmp_path: Path
) -> None:
    (number,) = await told(desk, event(to=replace(ANA, phone=None)))
    await desk.settle(desk.taker.batches.pop(), UNKNOWN)
    await desk.advance(2 * MINUTE)
    (batch,) = desk.taker.batches
    assert batch.stored is not None
    await desk.store.erase(await whom(desk, number))
    assert remains(tmp_path) == []
    await desk.restart()
    assert remains(tmp_path) == []
    assert desk.taker.batches == []


async def test_every_event_that_names_them_is_cleaned_and_no_other(
    desk: StoreHarness, tmp_path: Path
) -> None:
    numbers = await told(desk, event(to=ANA))
    titled = event(ticket="5", to=JOHN)
    titled = replace(titled, ticket=replace(titled.ticket, title="Call Ana Silvânia, not Jane"))
    others = [
        replace(event("updated", ticket="2", to=None), actor=ANA, requester=JANE),
        event("updated", ticket="3", to=Party(name="ANA SILVâNIA")),
        event("updated", ticket="4", to=Party(email="Ana.Silvania@example.com")),
        event("updated", ticket="6", to=replace(ANA, name="Anita", email=None, phone=None)),
        titled,
    ]
    for other in others:
        await told(desk, other)
    await desk.post(event(ticket="9", to=JANE), body=b"nobody")
    await desk.post(event(ticket="10", to=Party(id="8", name="Ana")))
    await desk.store.erase(await whom(desk, numbers[0]))
    assert remains(tmp_path) == []
    kept = {one.event.ticket.id: one.event for one in await events(desk)}
    assert kept["2"].actor is None
    assert kept["2"].requester == JANE
    assert kept["5"].ticket.title == "Call erased, not Jane"
    assert kept["9"].assignee == JANE
    assert kept["10"].assignee == Party(id="8", name="Ana")


async def test_an_address_that_is_shared_goes_for_everybody(
    desk: StoreHarness, tmp_path: Path
) -> None:
    numbers = await told(desk, event(to=ANA))
    bob = replace(ANA, id="8", name="Bob")
    others = await told(desk, event(ticket="2", to=bob))
    await desk.store.erase(await whom(desk, numbers[0]))
    assert remains(tmp_path) == []
    view = (await desk.detail(others[0])).view
    assert (view.recipient, view.person_id is None) == (None, False)
    person = await desk.store.person(view.person_id or 0)
    assert person is not None
    assert person.known.card == Card("Bob")


async def test_of_a_call_that_could_not_be_read_nothing_is_left(
    desk: StoreHarness, tmp_path: Path
) -> None:
    numbers = await told(desk, event(to=ANA))
    kept: list[int] = []
    for body, query in (
        (b"Ana Silv\xc3\xa2nia", b""),
        (b"", b"to=ana.silvania@example.com"),
        (b"x", b""),
    ):
        raw = RawCall("POST", query, ((b"x-agent", b"1"),), body)
        kept.append(await desk.store.keep(UnmappedCall("default", bytes([len(kept)]), "why", raw)))
    await desk.store.erase(await whom(desk, numbers[0]))
    assert remains(tmp_path) == []
    found = [await desk.store.raw_call(number) for number in kept]
    assert [one is not None and one[1] is not None for one in found] == [False, False, True]


async def test_what_was_entered_is_erased_like_what_was_met(
    desk: StoreHarness, tmp_path: Path
) -> None:
    card = Card(ANA.name, (str(ANA.email),), (str(ANA.phone),))
    entry = Entry("ana", card, (("id", "default", "4711"),), frozenset(FIELDS), None)
    await desk.store.enter([entry])
    numbers = await told(desk, event(to=Party(id="4711")))
    assert await desk.store.erase("ana") is True
    assert remains(tmp_path) == []
    assert len(numbers) == 2
    assert await desk.store.erase("ana") is False


async def test_what_cannot_be_wiped_at_once_is_wiped_by_a_sweep(
    desk: StoreHarness, tmp_path: Path
) -> None:
    numbers = await told(desk, event(to=ANA))
    person = await whom(desk, numbers[0])
    beside = apsw.Connection(str(tmp_path / "notifier.db"))
    beside.execute("BEGIN")
    beside.execute("SELECT count(*) FROM person").fetchall()
    with pytest.raises(StoreFailed, match="may still be in the files"):
        await desk.store.erase(person)
    assert remains(tmp_path)
    assert await desk.store.person(person) is None
    beside.close()
    await desk.store.sweep()
    assert remains(tmp_path) == []


async def test_among_many_others_nothing_is_left(desk: StoreHarness, tmp_path: Path) -> None:
    desk.places.left = {"email": 0, "sms": 0}
    numbers: list[int] = []
    for number in range(700):
        to = ANA if number % 7 == 0 else Party(id=f"{number}", email=f"p{number}@example.com")
        numbers += await told(desk, event(ticket=f"{number % 90}", to=to, at=START + number))
        if number % 200 == 0:
            desk.places.left = {"email": 50, "sms": 5}
            await desk.advance(MINUTE)
            for batch in list(desk.taker.batches):
                await desk.settle(batch, OutcomeKind.REFUSED)
            desk.taker.batches.clear()
    await desk.store.erase(await whom(desk, numbers[0]))
    assert remains(tmp_path) == []
    await desk.restart()
    assert remains(tmp_path) == []


async def test_several_may_be_erased_at_once(desk: StoreHarness, tmp_path: Path) -> None:
    one = await told(desk, event(to=ANA))
    other = await told(desk, event(ticket="2", to=Party(id="8", email="ana.silvania2@example.com")))
    people = [await whom(desk, one[0]), await whom(desk, other[0])]
    assert await asyncio.gather(*map(desk.store.erase, people)) == [True, True]
    assert remains(tmp_path) == []


async def test_a_crash_before_the_wipe_leaves_nothing_after_the_next_sweep(
    desk: StoreHarness, tmp_path: Path
) -> None:
    numbers = await told(desk, event(to=ANA))
    beside = apsw.Connection(str(tmp_path / "notifier.db"))
    beside.execute("BEGIN")
    beside.execute("SELECT count(*) FROM person").fetchall()
    with pytest.raises(StoreFailed):
        await desk.store.erase(await whom(desk, numbers[0]))
    await desk.restart()
    assert remains(tmp_path)
    beside.close()
    await desk.store.sweep()
    assert remains(tmp_path) == []
