import asyncio

from notifier.dispatch.flights import Flight
from notifier.dispatch.lines import Line
from notifier.model.messages import Medium
from tests.unit.dispatch.doubles import batch


def flight(number: int, rank: int = 2) -> Flight:
    return Flight(batch(number, rank=rank), Medium.EMAIL, "nonce")


async def waiting_place(
    line: Line, *, only_critical: bool = False
) -> "asyncio.Task[Flight | None]":
    place = asyncio.create_task(line.get(only_critical=only_critical))
    await asyncio.sleep(0)
    return place


async def test_critical_flights_come_first_and_the_others_in_their_order() -> None:
    line = Line()
    flights = [flight(1), flight(2), flight(3, rank=0), flight(4), flight(5, rank=0)]
    for one in flights:
        line.put(one)
    given = [await line.get(only_critical=False) for _ in flights]
    assert [one.batch.id for one in given if one] == [3, 5, 1, 2, 4]


async def test_a_place_for_critical_flights_waits_for_one() -> None:
    line = Line()
    line.put(flight(1))
    place = await waiting_place(line, only_critical=True)
    assert not place.done()
    urgent = flight(2, rank=0)
    line.put(urgent)
    assert await place is urgent


async def test_a_critical_flight_takes_any_place_when_its_own_is_busy() -> None:
    line = Line()
    place = await waiting_place(line)
    urgent = flight(1, rank=0)
    line.put(urgent)
    assert await place is urgent


async def test_a_place_that_went_away_gets_nothing() -> None:
    line = Line()
    gone = [await waiting_place(line, only_critical=True), await waiting_place(line)]
    for place in gone:
        place.cancel()
    await asyncio.wait(gone)
    left = flight(1, rank=0)
    line.put(left)
    assert await line.get(only_critical=True) is left


async def test_closing_sends_the_places_home_and_gives_what_waits() -> None:
    line = Line()
    line.put(flight(1))
    places = [await waiting_place(line, only_critical=True) for _ in range(2)]
    places[0].cancel()
    await asyncio.wait(places[:1])
    assert [one.batch.id for one in line.close()] == [1]
    assert await places[1] is None
    assert await line.get(only_critical=False) is None


async def test_what_comes_after_closing_is_kept_for_whoever_asks() -> None:
    line = Line()
    line.close()
    line.put(flight(1))
    assert await line.get(only_critical=False) is None
    assert [one.batch.id for one in line.close()] == [1]


async def test_what_is_unwanted_is_taken_out_and_the_rest_keeps_its_order() -> None:
    line = Line()
    for number in range(1, 6):
        line.put(flight(number))
    removed = line.remove(lambda one: one.batch.id % 2 == 0)
    assert [one.batch.id for one in removed] == [2, 4]
    assert [one.batch.id for one in line.close()] == [1, 3, 5]
