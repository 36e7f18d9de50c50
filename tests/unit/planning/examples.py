"""People, tickets and a policy that the planning tests share, and a memory that applies plans."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count

from notifier.model.events import Event, Party, Priority, Ticket, version_order
from notifier.model.plans import Memory, NewDelivery, Plan, TicketState, Told
from notifier.model.reasons import Reason
from notifier.model.states import OPEN, State
from notifier.planning.plan import plan
from notifier.planning.policy import Policy

NOW = 1_795_424_400_000
WINDOW = 60_000

ASSIGNED, CREATED = "ticket.assigned", "ticket.created"

JOHN = Party(id="7", name="John Smith", email="john@example.com", phone="+14155550123")
JANE = Party(id="9", name="Jane Doe", email="jane@example.com")
ADMINISTRATOR = Party(id="1", name="Administrator")

POLICY = Policy(
    notify_self=False,
    same_save_window=WINDOW,
    sms_min_rank=Priority.LOW.rank,
    default_region=None,
    ttl={"email": 86_400_000, "sms": 3_600_000},
    enabled=frozenset({"email", "sms"}),
    configured=frozenset({"email", "sms"}),
)


def event(
    kind: str,
    assignee: Party | None,
    *,
    version: int | str | None = None,
    at: int = NOW,
    actor: Party | None = ADMINISTRATOR,
) -> Event:
    ticket = Ticket("123", "Printer Not Working", "123", Priority.HIGH, version=version)
    return Event("default", "w", kind, at, ticket, assignee=assignee, actor=actor)


@dataclass
class Row:
    """A delivery as a store would keep it."""

    told: Told
    new: NewDelivery
    event: Event


@dataclass
class Desk:
    """One ticket's memory; applies plans as the store does, with no more than it needs."""

    policy: Policy = POLICY
    ticket: TicketState | None = None
    rows: dict[int, Row] = field(default_factory=dict)
    suppressed: dict[tuple[str, str], Reason] = field(default_factory=dict)
    numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def memory(self) -> Memory:
        turn = self.ticket.turn if self.ticket else 0
        rows = [row.told for row in self.rows.values()]
        known = [told for told in rows if told.state in OPEN or told.turn == turn]
        return Memory(self.ticket, known, self.suppressed)

    def hear(self, heard: Event, now: int = NOW) -> Plan:
        made = plan(heard, self.memory(), self.policy, now)
        self.ticket = made.ticket
        for withdrawal in made.withdraw:
            self.withdraw(withdrawal.delivery_id)
        version = version_order(heard.ticket.version)
        save = None if version is None else f"{version[0]}:{version[1]}"
        for number, new in zip(self.numbers, made.add, strict=False):
            told = Told(number, new.channel, new.turn, new.state, False, save, now)
            self.rows[number] = Row(told, new, heard)
        return made

    def withdraw(self, number: int) -> None:
        row = self.rows[number]
        if row.told.state == State.PENDING:
            row.told = replace(row.told, state=State.CANCELLED)
        else:
            row.told = replace(row.told, withdrawn=True)

    def turn_to(self, state: State) -> None:
        for row in self.rows.values():
            if row.told.state == State.PENDING:
                row.told = replace(row.told, state=state)

    def states(self) -> list[tuple[str | None, State, Reason | None]]:
        return [(row.new.channel, row.told.state, row.new.reason) for row in self.rows.values()]
