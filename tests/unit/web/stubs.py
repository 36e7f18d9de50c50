"""Small real neighbours of the web layer: an intake and a history in memory, and a client."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import Any

import httpx2

from notifier.intake import Refusal
from notifier.model.deliveries import OutcomeKind
from notifier.model.errors import StoreFailed, UnknownSource
from notifier.model.events import Event, Party, Priority, Ticket
from notifier.model.messages import Message, Sms
from notifier.model.people import Person, PersonFilter, Written
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import DAY, Instant, from_text
from notifier.sources.call import Call, Source
from notifier.sources.challenge import Challenger
from notifier.sources.native import NativeSource
from notifier.store.base import Operated, Recorded
from notifier.store.views import (
    AttemptView,
    DeliveryDetail,
    DeliveryFilter,
    DeliveryView,
    EventDetail,
    EventFilter,
    Page,
    RawCall,
    Slice,
    UnmappedDetail,
)
from notifier.web import routes
from notifier.web.api import Api
from notifier.web.auth import Bearer
from notifier.web.callers import Callers
from notifier.web.health import Health, Readiness
from notifier.web.metrics import Metrics
from notifier.web.operations import Operations
from notifier.web.people import People
from notifier.web.recent import Calls, Recent
from notifier.web.replays import Find, Replays
from notifier.web.routes import Web
from notifier.web.sources import Reloaded, Sources, SourceView
from notifier.web.webhooks import Webhooks
from tests.fake_clock import FakeClock
from tests.openapi_check import Checked, repository_checker

NINE = from_text("2026-11-23T09:00:00Z")
TOKEN = "a-token-of-twenty-characters"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}
MAX_BODY = 1000

EVENT = Event(
    source="default",
    webhook_id="msg_1",
    type="ticket.assigned",
    occurred_at=NINE,
    ticket=Ticket(
        id="123", title="Printer Not Working", number="123", priority=Priority.HIGH, version=7
    ),
    assignee=Party(id="7", name="John Smith", email="john@example.com"),
    actor=Party(id="1", name="Administrator"),
)

VIEW = DeliveryView(
    id=3,
    event_id=1,
    batch_id=None,
    merged_into=None,
    ticket_id="123",
    ticket_number="123",
    ticket_title="Printer Not Working",
    person_id=5,
    person_name="John Smith",
    recipient="john@example.com",
    channel="email",
    state=State.PENDING,
    reason=None,
    why="assignee of ticket.assigned",
    rank=Priority.HIGH.rank,
    due_at=NINE,
    created_at=NINE,
    updated_at=NINE,
    finished_at=None,
    expires_at=NINE + DAY,
    provider_id=None,
)

TOLD = replace(VIEW, id=4, batch_id=8, state=State.SENT, finished_at=NINE + 480, provider_id="SM1")
MERGED = replace(
    VIEW, id=6, merged_into=4, state=State.MERGED, reason=Reason.SAME_SAVE, finished_at=NINE
)
NOWHERE = replace(
    VIEW,
    id=7,
    person_id=None,
    person_name=None,
    recipient=None,
    channel=None,
    state=State.FAILED,
    reason=Reason.NO_ADDRESS,
)

ATTEMPT = AttemptView(
    started_at=NINE + 130,
    ended_at=NINE + 480,
    phase="dot",
    outcome=OutcomeKind.SENT,
    code=250,
    enhanced_code="2.0.0",
    reply="Ok",
    remote="mail.example.com",
    digest="9f86",
)
SMS = Sms(body="[HIGH] Ticket #123", encoding="gsm7", segments=1)
RUNNING = AttemptView(NINE, None, "request", "started", None, None, None, None, None)


class StubDesk(NativeSource):
    """A native source with what a source of one's own may have."""

    def __init__(
        self,
        name: str,
        success: int = 202,
        methods: frozenset[str] = frozenset({"POST"}),
        challenger: Challenger | None = None,
        takes_tail: bool = False,
    ) -> None:
        super().__init__(name, (), 0, MAX_BODY)
        self.success = success
        self.methods = methods
        self.challenger = challenger
        self.takes_tail = takes_tail

    @property
    def success_status(self) -> int:
        return self.success


@dataclass
class StubIntake:
    """Records nothing: gives a prepared answer, or raises a prepared error."""

    answer: Recorded | Exception = field(
        default_factory=lambda: Recorded(1, "accepted", None, (VIEW, NOWHERE), (1,))
    )
    success: int = 202
    calls: list[tuple[str, Call]] = field(default_factory=list)

    desks: dict[str, NativeSource] = field(default_factory=dict)
    refused: Exception | None = None
    replayed: Recorded | Refusal | Exception | None = None

    async def replay(self, event_id: int, find: Find) -> Recorded | Refusal | None:
        if isinstance(self.replayed, Exception):
            raise self.replayed
        return self.replayed

    def find(self, source: str) -> NativeSource:
        if source in self.desks:
            return self.desks[source]
        if source not in {"default", "other"}:
            raise UnknownSource
        return StubDesk(source, self.success)

    def verify(self, desk: Source, call: Call) -> None:
        if self.refused is not None:
            raise self.refused

    async def receive(self, desk: Source, call: Call) -> Recorded:
        self.calls.append((desk.name, call))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class StubHistory:
    """Events and deliveries in memory; remembers what was asked for."""

    all_events: Sequence[EventDetail] = ()
    all_deliveries: Sequence[DeliveryDetail] = ()
    kept: Sequence[UnmappedDetail] = ()
    asked: list[tuple[EventFilter | DeliveryFilter, Slice]] = field(default_factory=list)
    broken: bool = False

    async def events(self, wanted: EventFilter, part: Slice) -> Page[EventDetail | UnmappedDetail]:
        self.asked.append((wanted, part))
        everything: list[EventDetail | UnmappedDetail] = [*self.all_events, *self.kept]
        found = [item for item in everything if part.before is None or item.id < part.before]
        found.sort(key=lambda item: -item.id)
        page = tuple(found[: part.limit])
        return Page(page, page[-1].id if len(found) > part.limit else None)

    async def event(self, event_id: int) -> EventDetail | None:
        if self.broken:
            raise StoreFailed
        return next((item for item in self.all_events if item.id == event_id), None)

    async def raw_call(self, event_id: int) -> tuple[UnmappedDetail, RawCall | None] | None:
        return next(((item, None) for item in self.kept if item.id == event_id), None)

    async def deliveries(self, wanted: DeliveryFilter, part: Slice) -> Page[DeliveryView]:
        self.asked.append((wanted, part))
        views = [item.view for item in self.all_deliveries]
        found = [view for view in views if part.before is None or view.id < part.before]
        found.sort(key=lambda view: -view.id)
        page = tuple(found[: part.limit])
        return Page(page, page[-1].id if len(found) > part.limit else None)

    async def delivery(self, delivery_id: int) -> DeliveryDetail | None:
        return next((one for one in self.all_deliveries if one.view.id == delivery_id), None)


@dataclass
class StubOperator:
    """Does nothing: gives a prepared answer, or raises a prepared error."""

    done: Operated | Exception | None = field(
        default_factory=lambda: Operated(State.FAILED, refusal=None)
    )
    tested: DeliveryView | Exception = VIEW
    calls: list[tuple[object, ...]] = field(default_factory=list)

    async def retry(self, delivery_id: int) -> Operated | None:
        return self._do("retry", delivery_id)

    async def cancel(self, delivery_id: int) -> Operated | None:
        return self._do("cancel", delivery_id)

    def _do(self, *call: object) -> Operated | None:
        self.calls.append(call)
        if isinstance(self.done, Exception):
            raise self.done
        return self.done

    async def test(self, channel: str, to: str) -> DeliveryView:
        self.calls.append(("test", channel, to))
        if isinstance(self.tested, Exception):
            raise self.tested
        return self.tested


@dataclass
class StubDirectory:
    """People in memory, who change as prepared; remembers what was asked for."""

    all_people: Sequence[Person] = ()
    written: Written | Exception = field(default_factory=lambda: Written("updated"))
    imported: object = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def people(self, wanted: PersonFilter, part: Slice) -> Page[Person]:
        self.asked.append(("people", wanted, part))
        shown = tuple(self.all_people[: part.limit])
        return Page(shown, shown[-1].known.id if len(self.all_people) > part.limit else None)

    async def person(self, who: str | int) -> Person | None:
        return next((one for one in self.all_people if who in (one.known.id, one.known.ref)), None)

    async def put(self, who: str | int, body: Mapping[str, object], *, whole: bool) -> Written:
        self.asked.append(("put", who, body, whole))
        written: Written = self._given(self.written)
        return written

    async def load(self, table: str, *, dry: bool) -> Any:
        self.asked.append(("load", table, dry))
        return self._given(self.imported)

    async def erase(self, who: str | int) -> bool:
        return await self.person(who) is not None

    @staticmethod
    def _given(prepared: Any) -> Any:
        if isinstance(prepared, Exception):
            raise prepared
        return prepared


@dataclass
class Parts:
    """What an application under test is made of."""

    intake: StubIntake = field(default_factory=StubIntake)
    history: StubHistory = field(default_factory=StubHistory)
    message: Message | None = None
    directory: StubDirectory = field(default_factory=lambda: StubDirectory())
    operator: StubOperator = field(default_factory=lambda: StubOperator())
    said: Message | Exception = SMS
    drafted: list[tuple[str, object]] = field(default_factory=list)
    readiness: Readiness = field(default_factory=lambda: Readiness(True, "ok"))
    tokens: Sequence[str] = (TOKEN,)
    public_base_url: str | None = None
    trusted: Sequence[IPv4Network] = ()
    sources: Sequence[SourceView] = ()
    reloaded: Reloaded | Exception = field(
        default_factory=lambda: Reloaded(("default", "zammad"), ("zammad",))
    )
    refused: list[str] = field(default_factory=list)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NINE))

    def __post_init__(self) -> None:
        self.recent = Recent(self.clock)

    async def exposition(self) -> bytes:
        return b"# TYPE notifier_pending gauge\n"

    async def ready(self) -> Readiness:
        return self.readiness

    def preview(self, detail: DeliveryDetail) -> Message | None:
        return self.message

    def v1(self) -> routes.Guarded:
        api = Api(self.history, self.preview)
        return routes.Guarded(
            api,
            Operations(self.operator, self.draft, api, MAX_BODY, self.public_base_url),
            People(self.directory, MAX_BODY),
            Sources(self.reload, lambda: self.sources, self.public_base_url),
            Replays(self.intake, self.history, self.intake.find, self.public_base_url),
            Calls(self.recent, self.intake.find),
        )

    async def reload(self) -> Reloaded:
        if isinstance(self.reloaded, Exception):
            raise self.reloaded
        return self.reloaded

    def draft(self, channel: str, value: object) -> Message:
        self.drafted.append((channel, value))
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def app(self) -> Web:
        return routes.build(
            Webhooks(
                self.intake.find,
                self.intake,
                self.public_base_url,
                Callers(self.trusted).address,
                self.recent,
            ),
            self.v1(),
            Health(self.ready),
            Bearer(self.tokens),
            Metrics(self.exposition, self.refused.append),
        )


@asynccontextmanager
async def client(
    parts: Parts, headers: dict[str, str] | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of the application; every answer is held against openapi.yaml."""
    transport = httpx2.ASGITransport(Checked(parts.app(), repository_checker()))
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://notifier.example.com", headers=headers
    ) as speaking:
        yield speaking


def event_detail(number: int, accepted_at: Instant = NINE, note: str | None = None) -> EventDetail:
    """Give an event with this id."""
    return EventDetail(number, "accepted", EVENT, accepted_at, note, (VIEW,))


def delivery_detail(view: DeliveryView = VIEW) -> DeliveryDetail:
    """Give a delivery with two attempts."""
    return DeliveryDetail(view, EVENT, (ATTEMPT, RUNNING), None)
