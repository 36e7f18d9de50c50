"""Plans: what an event leads to, and the memory that planning decides from.

Takes nothing, gives frozen values that pass between planning, intake and the store.
Refuses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from notifier.model.events import Event, Party
from notifier.model.people import Key, Known, Met
from notifier.model.reasons import Reason
from notifier.model.states import State
from notifier.model.times import Instant
from notifier.model.values import value


@value
class TicketState:
    """What is remembered of a ticket; `turn` counts the changes of assignee."""

    turn: int = 0
    assignee: Party | None = None
    version: int | str | None = None
    occurred_at: Instant = 0
    closed: bool = False


@value
class Told:
    """A delivery of the ticket that is open or belongs to its current turn.

    `save` is the version of the event that planned it, as text; None when it had none.
    """

    delivery_id: int
    channel: str | None
    turn: int
    state: State
    withdrawn: bool
    save: str | None
    created_at: Instant


NO_TURN = -1


@value
class NewDelivery:
    """A delivery to add.

    `person` is who is told, completed from the directory; `key` leads to them there.
    `cancelled` may only be given together with the reason that withdraws it at once. `turn` is
    the ticket's turn that it tells of; NO_TURN for somebody who does not hold the ticket.
    """

    person: Party
    key: Key
    channel: str | None
    recipient: str | None
    state: State
    reason: Reason | None
    merged_into: int | None
    rank: int
    due_at: Instant
    expires_at: Instant
    why: str
    turn: int
    bundle: str = ""


@value
class Withdrawal:
    """A delivery to withdraw: cancelled if it waits, marked if it is being sent."""

    delivery_id: int
    reason: Reason


@value
class Move:
    """A waiting delivery that becomes due at another time."""

    delivery_id: int
    due_at: Instant


@value
class Plan:
    """What an event leads to. `ticket` is the new memory; `note` says why nobody is told.

    `met` is what the directory learns from it, before the deliveries are written.
    """

    ticket: TicketState
    add: tuple[NewDelivery, ...] = ()
    withdraw: tuple[Withdrawal, ...] = ()
    move: tuple[Move, ...] = ()
    note: str | None = None
    met: Met | None = None


@value
class Suppression:
    """An address that must not be written to; `until` None means for good."""

    channel: str
    address: str
    reason: Reason
    until: Instant | None


@value
class Memory:
    """All that a plan may look at besides its event: the ticket, who was told, suppressions.

    `suppressed` maps (channel, address) to the reason, for the addresses that the event names
    and those of `people`: whom the directory knows by the keys of its parties.
    """

    ticket: TicketState | None
    told: Sequence[Told]
    suppressed: Mapping[tuple[str, str], Reason]
    people: Mapping[Key, Known] = field(default_factory=dict)


Snapshot = Mapping[str, Any]
"""What was last known of a ticket: `ticket`, `assignee`, `requester`, `actor` (mappings or None,
as events.to_facts writes them), `type` of the last event, and `closed`."""

Types = Callable[[Snapshot | None], Sequence[str]]
"""Gives the types of the events that one item of a call means, seen what was known before.

Pure, and asked inside the recording transaction, so that two calls about one ticket cannot race.
"""


class PlanFunction(Protocol):
    """A pure plan for one event, called by the store inside the recording transaction."""

    def __call__(self, event: Event, memory: Memory, now: Instant, /) -> Plan:
        """Give the plan; the same arguments always give an equal one."""
        ...


@value
class Found:
    """A delivery as an operator found it; `barred` is why its address must not be written to."""

    state: State
    channel: str
    recipient: str
    barred: Reason | None


@value
class Unaddressed:
    """A delivery that had no address, as an operator found it.

    `memory` is None until its person was looked up.
    """

    state: State
    event: Event
    memory: Memory | None = None


@value
class Again:
    """A delivery that is to be sent after all: where to, and its new times."""

    recipient: str
    due_at: Instant
    expires_at: Instant


@value
class LookUp:
    """Somebody is to be looked up first, by these keys; then the store asks once more."""

    keys: tuple[Key, ...]


@value
class Anew:
    """A delivery that had no address has some now: it becomes `first`, `more` are added to it.

    `first` is pending. What `more` carries of turn, reason and rule is its event's.
    """

    first: NewDelivery
    more: tuple[NewDelivery, ...]


class RetryFunction(Protocol):
    """A pure decision about one delivery, called by the store inside its transaction."""

    def __call__(self, found: Found | Unaddressed, now: Instant) -> Again | Anew | LookUp | str:
        """Give the new times, or one sentence that says why it cannot be sent.

        LookUp and Anew are answers about what had no address, Again is one about the others.
        """
        ...
