"""A help desk whose day is told in a test: what happened when, and who was told what, when.

Takes tickets and times of one day (`09:00:00`, UTC), posts them as signed calls to the real
parts, gives what left as `09:00:00 #123` and what became of each delivery in words. Refuses a
call that the service would refuse.
"""

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType

from notifier.model import ids, times
from notifier.model.events import Party, party_facts
from notifier.model.messages import Email, Message
from notifier.model.times import HOUR, MINUTE, SECOND, Instant, Millis
from notifier.sources import headers
from notifier.sources.call import Call
from notifier.store.base import Recorded
from notifier.store.views import (
    AttemptView,
    DeliveryFilter,
    DeliveryView,
    EventFilter,
    Slice,
)
from tests.acceptance.house import House, World, settings
from tests.fake_clock import FakeClock
from tests.scripted_channel import ScriptedChannel, Sent
from tests.service import SECRET

DAY_BEGINS: Instant = 1_795_392_000_000
"""2026-11-23T00:00:00Z."""

JOHN = Party(id="7", name="John Smith", email="john@example.com")
JANE = Party(id="9", name="Jane Doe", email="jane@example.com")
MARY = Party(id="11", name="Mary Major", phone="+14155550123")
ADMIN = Party(id="1", name="Administrator")

_TOGETHER = 500
_NUMBER = re.compile(r"#(\d+)")
_MESSAGE_ID = re.compile(rb"^Message-ID: <(bat_[^@]+)@", re.MULTILINE)


def instant(clock_time: str) -> Instant:
    """Read `09:00:00` or `09:00:00.250`; the hours may go on past 24."""
    hours, minutes, seconds = clock_time.split(":")
    rest = round(float(seconds) * SECOND)
    return DAY_BEGINS + int(hours) * HOUR + int(minutes) * MINUTE + rest


def clock_time(at: Instant) -> str:
    """Write an instant as a story does; a fraction only where there is one."""
    hours, rest = divmod(at - DAY_BEGINS, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, rest = divmod(rest, SECOND)
    fraction = f".{rest:03d}" if rest else ""
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def person(number: int) -> Party:
    """Give one of many."""
    name = f"person{number}"
    return Party(id=name, name=name.title(), email=f"{name}@example.com")


class Desk:
    """The help desk and everything behind it. Verbs take the time first, then let it happen."""

    def __init__(self, folder: Path, **given: str) -> None:
        """`given` are settings; `jitter` 1.0 makes every wait the longest of its schedule."""
        self.jitter = 1.0
        self.settings = settings(**given)
        self.clock = FakeClock(instant("09:00:00"))
        self.world = World.make(folder, self.clock, self.settings, lambda: self.jitter)
        self._calls = count(1)
        self._nonces = count(1)

    async def __aenter__(self) -> "Desk":
        self.house = House(self.settings, self.world, self._nonces)
        await self.rest()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.house.kill()

    @property
    def email(self) -> ScriptedChannel:
        return self.world.email

    @property
    def sms(self) -> ScriptedChannel:
        return self.world.sms

    # -- time -------------------------------------------------------------------------------

    async def at(self, time: str) -> None:
        """Let everything happen up to and with this time."""
        await self.clock.advance_to(instant(time), self._life)

    async def passes(self, duration: Millis) -> None:
        """Let so many milliseconds pass."""
        await self.clock.advance_to(self.clock.now() + duration, self._life)

    async def rest(self) -> None:
        """Let everything happen that can happen now."""
        await self.clock.rest(self._life)

    async def _life(self) -> object:
        await self.house.store.flush()
        wires = (self.email, self.sms)
        return [(len(wire.tried), len(wire.log), wire.running) for wire in wires]

    async def crashes(self, **given: str) -> None:
        """Kill the process and start it again on the same file, perhaps with other settings."""
        if given:
            self.settings = settings(**given)
        await self.is_down_for(0)

    async def is_down_for(self, duration: Millis) -> None:
        """Kill the process, and start it again on the same file after so many milliseconds."""
        await self.house.kill()
        await self.clock.advance_to(self.clock.now() + duration, _nothing)
        self.house = House(self.settings, self.world, self._nonces)
        await self.rest()

    # -- what happens on the desk -----------------------------------------------------------

    async def assigned(
        self, ticket: str, to: Party | None, *, at: str | None = None, **more: str | int | Party
    ) -> Recorded:
        """Assign a ticket; `more` as for `happens`."""
        return await self.happens("assigned", ticket, to, at=at, **more)

    async def created(
        self, ticket: str, to: Party | None, *, at: str | None = None, **more: str | int | Party
    ) -> Recorded:
        """Create a ticket; `more` as for `happens`."""
        return await self.happens("created", ticket, to, at=at, **more)

    async def happens(
        self,
        kind: str,
        ticket: str,
        to: Party | None = None,
        *,
        at: str | None = None,
        **more: str | int | Party,
    ) -> Recorded:
        """Post one event and let all of its consequences happen, that can happen at once.

        `more`: `priority`, `version`, `by` (who did it), `happened` (the sender's time).
        """
        if at is not None:
            await self.at(at)
        recorded = await self.post(kind, ticket, to, **more)
        await self.rest()
        return recorded

    async def all_at_once(
        self, kind: str, tickets: Iterable[tuple[str, Party]], **more: str | int | Party
    ) -> list[Recorded]:
        """Post many events at one instant, some hundred of them side by side."""
        waiting = list(tickets)
        answers: list[Recorded] = []
        while waiting:
            now, waiting = waiting[:_TOGETHER], waiting[_TOGETHER:]
            posts = [self.post(kind, ticket, to, **more) for ticket, to in now]
            answers += await asyncio.gather(*posts)
        await self.rest()
        return answers

    async def post(
        self, kind: str, ticket: str, to: Party | None, **more: str | int | Party
    ) -> Recorded:
        """Post one signed call; give its answer as soon as it is committed."""
        body = json.dumps(self._event(kind, ticket, to, more)).encode()
        key = f"call-{next(self._calls)}"
        signed = headers.signed(SECRET, key, self.clock.now() // SECOND, body)
        lines = tuple((name.encode(), text.encode()) for name, text in signed.items())
        recorded = await self.house.intake.receive(self.house.desk, Call(lines, body))
        assert recorded.status == "accepted"
        return recorded

    def _event(
        self, kind: str, ticket: str, to: Party | None, more: dict[str, str | int | Party]
    ) -> dict[str, object]:
        by, happened = more.get("by", ADMIN), more.get("happened")
        assert isinstance(by, Party)
        at = instant(happened) if isinstance(happened, str) else self.clock.now()
        facts: dict[str, object] = {"id": ticket, "title": "Printer Not Working"}
        facts |= {name: more[name] for name in ("priority", "version") if name in more}
        data = {"ticket": facts, "assignee": party_facts(to), "actor": party_facts(by)}
        return {"type": f"ticket.{kind}", "timestamp": times.to_text(at), "data": data}

    # -- what people saw --------------------------------------------------------------------

    def mails(self, to: Party | None = None) -> list[str]:
        """Give what left by mail, as `09:00:00 #1 #2`, for one person or for all."""
        return [_seen(sent) for sent in self.email.log if to is None or sent.to == to.email]

    def texts(self, to: Party | None = None) -> list[str]:
        """Give what left by text message."""
        return [_seen(sent) for sent in self.sms.log if to is None or sent.to == to.phone]

    def raw(self, to: Party) -> list[bytes]:
        """Give the exact bytes of every mail to a person that left, in order."""
        return [_mail(sent.message).raw for sent in self.email.log if sent.to == to.email]

    def subjects(self, to: Party) -> list[str]:
        """Give the subjects of the mails to a person, in order."""
        return [_mail(sent.message).subject for sent in self.email.log if sent.to == to.email]

    # -- what the service says of it --------------------------------------------------------

    async def deliveries(self, ticket: str | None = None) -> list[DeliveryView]:
        """Give all deliveries, oldest first."""
        store, before = self.house.store, None
        found: list[DeliveryView] = []
        while True:
            page = await store.deliveries(DeliveryFilter(ticket=ticket), Slice(1000, before))
            found += page.items
            before = page.next_before
            if before is None:
                return found[::-1]

    async def history(self, ticket: str | None = None) -> list[str]:
        """Give who was, or was not, told: `John Smith by email: cancelled, reassigned`."""
        return [_line(view) for view in await self.deliveries(ticket)]

    async def states(self, ticket: str | None = None) -> list[str]:
        """Give only what became of the deliveries."""
        return [_ended(view) for view in await self.deliveries(ticket)]

    async def attempts(self, ticket: str) -> list[AttemptView]:
        """Give the tries of the only delivery of a ticket."""
        (view,) = await self.deliveries(ticket)
        detail = await self.house.store.delivery(view.id)
        assert detail is not None
        return list(detail.attempts)

    async def outcomes(self, ticket: str) -> list[str]:
        """Give how the tries of the only delivery of a ticket ended."""
        return [attempt.outcome for attempt in await self.attempts(ticket)]

    async def notes(self) -> list[str | None]:
        """Give the notes of all events, oldest first."""
        page = await self.house.store.events(EventFilter(), Slice(1000))
        return [event.note for event in page.items][::-1]

    async def carriers(self) -> dict[str, str]:
        """Give for every ticket the Message-ID of the mail that spoke of it on the wire."""
        on_the_wire = {message_id(sent) for sent in self.email.log}
        found = {}
        for view in await self.deliveries():
            assert view.batch_id is not None
            found[view.ticket_id] = ids.public("bat", view.batch_id)
        assert set(found.values()) <= on_the_wire
        return found

    async def every_event_is_told_by_a_mail(self, events: int) -> None:
        """Follow each of the first `events` tickets to the one mail that carried it."""
        found = await self.carriers()
        assert sorted(found, key=int) == [str(number) for number in range(1, events + 1)]
        assert len(set(found.values())) == len(self.email.log)
        assert await self.states() == ["sent"] * events


async def _nothing() -> None:
    """Nobody is there to settle."""


def _mail(message: Message) -> Email:
    assert isinstance(message, Email)
    return message


def message_id(sent: Sent) -> str:
    """Give the id of the batch that a mail names as itself."""
    found = _MESSAGE_ID.search(_mail(sent.message).raw)
    assert found is not None
    return found[1].decode()


def _seen(sent: Sent) -> str:
    message = sent.message
    said = message.text if isinstance(message, Email) else message.body
    named = dict.fromkeys(_NUMBER.findall(said))
    return " ".join([clock_time(sent.at), *(f"#{number}" for number in named)])


def _ended(view: DeliveryView) -> str:
    return f"{view.state}, {view.reason}" if view.reason else str(view.state)


def _line(view: DeliveryView) -> str:
    by = f" by {view.channel}" if view.channel else ""
    return f"{view.person_name}{by}: {_ended(view)}"


def with_phone(party: Party, phone: str = "+14155550123") -> Party:
    """Give the same person with a telephone."""
    return replace(party, phone=phone)
