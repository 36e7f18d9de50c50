"""Recording: many webhooks, planned one after the other, in one transaction.

Takes accepted calls, gives their answers. Refuses nothing: what cannot be planned raises, and
the writer then tries each call alone. The order of locks is store-wide: seen, ticket, lane,
batch, delivery.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from notifier.model.events import CRITICAL_RANK, Event, to_facts
from notifier.model.plans import Memory, NewDelivery, Plan, TicketState, Told
from notifier.model.reasons import Reason
from notifier.model.states import TERMINAL, State
from notifier.model.times import Instant
from notifier.store import answering, dissolving, stamps, tickets
from notifier.store.answering import Outcome
from notifier.store.base import Accepted, Recorded
from notifier.store.context import Context, Tick
from notifier.store.people import Directory
from notifier.store.seen import Seen
from notifier.store.transaction import Row, Transaction, as_list
from notifier.store.views import DeliveryView

_NO_STAMPS = stamps.to_blob(())


@dataclass(slots=True)
class _Ticket:
    id: int
    source: str
    key: str
    number: str
    state: TicketState | None
    told: list[Told] = field(default_factory=list)
    last: tuple[str, str] | None = None
    """Type and facts of the last event, where somebody asks for them."""
    touched: bool = False
    newest: int = 0
    """The largest id that an event of this transaction has."""


@dataclass(slots=True)
class _Added:
    """A delivery that this transaction adds; an event after it may still withdraw it."""

    id: int
    event_id: int
    ticket: _Ticket
    plan: NewDelivery
    turn: int
    save: str | None
    state: State
    reason: Reason | None
    number: str
    title: str

    @property
    def address(self) -> tuple[str, str]:
        return (self.plan.channel or "", self.plan.recipient or "")


@dataclass(slots=True)
class _Draft:
    """What the calls of one transaction lead to, before it is written."""

    events: list[Row] = field(default_factory=list)
    added: dict[int, _Added] = field(default_factory=dict)
    withdrawn: dict[int, Reason] = field(default_factory=dict)
    moved: dict[int, Instant] = field(default_factory=dict)
    answers: dict[int, Outcome] = field(default_factory=dict)


class Recording:
    """Records the calls of one tick."""

    def __init__(self, context: Context, tx: Transaction, tick: Tick) -> None:
        """One object serves one transaction."""
        self._context = context
        self._tx = tx
        self._tick = tick
        self._draft = _Draft()
        self._seen = Seen(context, tx, tick)
        self._wholes: set[object] = set()
        self._tickets: dict[tuple[str, str], _Ticket] = {}
        self._lanes: dict[tuple[str, str], int] = {}
        self._people = Directory(context.ids, tx, tick.now)

    def record(self, calls: Sequence[Accepted]) -> list[int | Recorded]:
        """Record calls in order; give for each a final answer, or the id of its new event."""
        ids = [self._context.ids.next() for _ in calls]
        fresh = self._seen.admit(calls, ids)
        accepted = [calls[place] for place in fresh]
        self._read(accepted)
        self._people.read(chain.from_iterable([call.names for call in accepted]))
        suppressed = self._suppressed(accepted)
        for place in fresh:
            self._take(calls[place], ids[place], suppressed)
        self._write()
        self._seen.write()
        answers: list[int | Recorded] = list(ids)
        for place, answer in self._seen.repeats():
            answers[place] = answer
        return answers

    def answer(self, event_id: int) -> Recorded:
        """Give the answer for a new call by the id of its event; the claim has run."""
        draft = self._draft
        found = draft.answers[event_id]
        views = tuple(self._view(draft.added[number]) for number in found.deliveries)
        return found.recorded(views)

    # -- what is known ----------------------------------------------------------------------

    def _read(self, calls: Sequence[Accepted]) -> None:
        keys = {(call.event.source, call.event.ticket.id) for call in calls}
        by_id = {}
        for number, source, key, turn, text in self._tx.rows("select_tickets", as_list(keys)):
            ticket = _Ticket(number, source, key, "", tickets.from_text(turn, text))
            self._tickets[source, key] = by_id[number] = ticket
        if by_id:
            for ticket_id, *told in self._tx.rows("select_told", as_list(by_id)):
                number, channel, turn, state, withdrawn, save, created_at = told
                by_id[ticket_id].told.append(
                    Told(number, channel, turn, State(state), bool(withdrawn), save, created_at)
                )
            self._recall(calls, by_id)
        for key in sorted(keys - self._tickets.keys()):
            self._tickets[key] = _Ticket(self._context.ids.next(), *key, "", None)

    def _recall(self, calls: Sequence[Accepted], by_id: Mapping[int, _Ticket]) -> None:
        keys = {(call.event.source, call.event.ticket.id) for call in calls if call.types}
        asked = [ticket.id for key in keys if (ticket := self._tickets.get(key))]
        if asked:
            for ticket_id, kind, facts in self._tx.rows("select_last_events", as_list(asked)):
                by_id[ticket_id].last = (kind, facts)

    def _suppressed(self, calls: Sequence[Accepted]) -> dict[tuple[str, str], Reason]:
        addresses = {address for call in calls for address in call.addresses}
        addresses |= self._people.addresses()
        if not addresses:
            return {}
        found = self._tx.rows("select_suppressed", as_list(addresses), self._tick.now)
        return {(channel, address): Reason(reason) for channel, address, reason in found}

    # -- planning ---------------------------------------------------------------------------

    def _take(self, call: Accepted, number: int, suppressed: dict[tuple[str, str], Reason]) -> None:
        event = call.event
        if call.types is None:
            note, ids = self._plan(call, event, number, suppressed, self._body(call))
            self._draft.answers[number] = Outcome(event.known, (number,), (), note, ids)
            return
        ticket = self._tickets[event.source, event.ticket.id]
        before = tickets.snapshot(ticket.state, ticket.last)
        # What comes later has the larger id, also after a call that became several events.
        first = number if number > ticket.newest else self._context.ids.next()
        made = answering.events_of(event, call.types(before), first, self._context.ids)
        body = self._body(call) if made else None
        said = []
        for event_id, one in made:
            said.append(self._plan(call, one, event_id, suppressed, body))
            body = None
        if [event_id for event_id, _ in made] != [number]:
            self._seen.became(call, [event_id for event_id, _ in made])
        self._draft.answers[number] = answering.outcome(made, said)

    def _plan(
        self,
        call: Accepted,
        event: Event,
        event_id: int,
        suppressed: dict[tuple[str, str], Reason],
        body: str | None,
    ) -> tuple[str | None, list[int]]:
        ticket = self._tickets[event.source, event.ticket.id]
        note, ids = None, []
        known = event.known
        if known:
            memory = Memory(ticket.state, tuple(ticket.told), suppressed, self._people.by_key)
            plan = call.plan(event, memory, self._tick.now)
            note, ids = plan.note, self._apply(plan, event, event_id, ticket)
        facts = to_facts(event)
        ticket.number, ticket.touched = event.ticket.number, True
        ticket.last, ticket.newest = (event.type, facts), event_id
        status = "accepted" if known else "ignored"
        self._draft.events.append(
            (
                event_id,
                event.source,
                event.webhook_id,
                event.type,
                status,
                ticket.id,
                event.occurred_at,
                self._tick.now,
                note,
                facts,
                body,
            )
        )
        return note, ids

    def _body(self, call: Accepted) -> str | None:
        if call.body is None:
            return None
        if call.whole is not None:
            if call.whole in self._wholes:
                return None
            self._wholes.add(call.whole)
        return call.body.decode(errors="replace")

    def _apply(self, plan: Plan, event: Event, event_id: int, ticket: _Ticket) -> list[int]:
        ticket.state = plan.ticket
        if plan.met is not None:
            self._people.meet(plan.met)
        draft = self._draft
        for withdrawal in plan.withdraw:
            self._withdraw(ticket, withdrawal.delivery_id, withdrawal.reason)
        for move in plan.move:
            draft.moved[move.delivery_id] = move.due_at
        return [self._add(new, event, event_id, ticket) for new in plan.add]

    def _add(self, new: NewDelivery, event: Event, event_id: int, ticket: _Ticket) -> int:
        number = self._context.ids.next()
        facts = event.ticket
        save = tickets.save_text(facts.version)
        self._draft.added[number] = _Added(
            number,
            event_id,
            ticket,
            new,
            new.turn,
            save,
            new.state,
            new.reason,
            facts.number,
            facts.title,
        )
        told = Told(number, new.channel, new.turn, new.state, False, save, self._tick.now)
        ticket.told.append(told)
        return number

    def _withdraw(self, ticket: _Ticket, number: int, reason: Reason) -> None:
        added = self._draft.added.get(number)
        if added is None:
            self._draft.withdrawn[number] = reason
        else:
            added.state, added.reason = State.CANCELLED, reason
        # The next event of this transaction sees the withdrawal.
        ticket.told = [told for told in ticket.told if told.delivery_id != number]

    # -- writing ----------------------------------------------------------------------------

    def _write(self) -> None:
        draft, tx, now = self._draft, self._tx, self._tick.now
        tx.write("insert_events", draft.events)
        tx.write(
            "upsert_tickets",
            [
                (t.id, t.source, t.key, t.number, state.turn, tickets.to_text(state))
                for t in self._tickets.values()
                if t.touched
                for state in (t.state or TicketState(),)
            ],
        )
        self._people.write()
        if draft.added:
            self._wake_lanes()
            rows = [self._delivery_row(added) for added in draft.added.values()]
            tx.write("insert_deliveries", rows)
        if draft.moved:
            rows = [(number, due_at, now) for number, due_at in sorted(draft.moved.items())]
            dissolving.refresh(tx, {lane for (lane,) in tx.write("move_waiting", rows)})
        if draft.withdrawn:
            self._tick.unwanted += dissolving.withdraw(tx, draft.withdrawn, now)

    def _wake_lanes(self) -> None:
        """Make lanes look again where something is added, and make those that are not there."""
        best: dict[tuple[str, str], tuple[int, Instant]] = {}
        for added in self._draft.added.values():
            if added.state is State.PENDING:
                plan, address = added.plan, added.address
                rank, due_at = best.get(address, (plan.rank, plan.due_at))
                best[address] = (min(rank, plan.rank), min(due_at, plan.due_at))
        lanes = self._lanes
        for channel, address, number in self._tx.rows("select_lanes", as_list(best)):
            lanes[channel, address] = number
        known = {lanes[address]: values for address, values in best.items() if address in lanes}
        made = []
        for address, (rank, due_at) in best.items():
            if address not in lanes:
                number = lanes[address] = self._context.ids.next()
                made.append((number, *address, due_at, rank, _NO_STAMPS))
        self._tx.write("insert_lanes", made)
        self._wake(known)

    def _lane_of(self, added: _Added) -> int | None:
        if added.state is not State.PENDING:
            return None
        return self._lanes[added.address]

    def _delivery_row(self, added: _Added) -> Row:
        now, plan = self._tick.now, added.plan
        return (
            added.id,
            added.event_id,
            added.ticket.id,
            self._people.id_of(plan.key),
            plan.person.name,
            self._lane_of(added),
            plan.channel,
            plan.recipient,
            plan.bundle,
            plan.rank,
            added.turn,
            added.save,
            added.state,
            added.reason,
            plan.why,
            plan.due_at,
            plan.expires_at,
            now,
            now,
            now if added.state in TERMINAL else None,
            plan.merged_into,
        )

    def _wake(self, best: Mapping[int, tuple[int, Instant]]) -> None:
        rows = self._tx.write("wake_lanes", [(lane, *values) for lane, values in best.items()])
        for lane, channel, gate_at in rows:
            rank, due_at = best[lane]
            # Such a lane is not even looked at before its gate opens.
            if rank != CRITICAL_RANK and gate_at is not None and gate_at > self._tick.now >= due_at:
                self._tick.held[channel] += 1

    def _view(self, added: _Added) -> DeliveryView:
        plan, now = added.plan, self._tick.now
        batch_id = self._tick.claimed.get(added.id)
        state = State.SENDING if batch_id is not None else added.state
        return DeliveryView(
            id=added.id,
            event_id=added.event_id,
            batch_id=batch_id,
            merged_into=plan.merged_into,
            ticket_id=added.ticket.key,
            ticket_number=added.number,
            ticket_title=added.title,
            person_id=None,
            person_name=plan.person.name,
            recipient=plan.recipient,
            channel=plan.channel,
            state=state,
            reason=added.reason,
            why=plan.why,
            rank=plan.rank,
            due_at=plan.due_at,
            created_at=now,
            updated_at=now,
            finished_at=now if state in TERMINAL else None,
            expires_at=plan.expires_at,
            provider_id=None,
        )
