"""A delivery that had no address is tried again: its person is looked up anew.

Takes a transaction and a delivery without a channel, gives what was found. Refuses, with a
sentence, when there is still no address. The delivery itself becomes the one on the first
channel; those on further channels are added to its event.
"""

from dataclasses import replace

from notifier.model.events import from_facts
from notifier.model.plans import Anew, LookUp, Memory, NewDelivery, RetryFunction, Unaddressed
from notifier.model.reasons import Reason
from notifier.model.states import TERMINAL, State
from notifier.store import dissolving
from notifier.store.base import Operated
from notifier.store.context import Context, Tick
from notifier.store.lanes import lane_of
from notifier.store.people import Directory
from notifier.store.transaction import Row, Transaction, as_list


class LookingAnew:
    """Looks people up anew, for one transaction."""

    def __init__(self, context: Context, tx: Transaction, tick: Tick) -> None:
        """Nothing is read yet."""
        self._context = context
        self._tx = tx
        self._tick = tick
        self._directory = Directory(context.ids, tx, tick.now)
        self._lanes: dict[tuple[str | None, str | None], int] = {}

    def retry(self, number: int, state: State, plan: RetryFunction) -> Operated:
        """Send a delivery on every channel that its person has an address on now."""
        ((*old, source, webhook_id, kind, occurred_at, facts),) = self._tx.rows(
            "find_unaddressed", number
        )
        asked = Unaddressed(state, from_facts((source, webhook_id, kind, occurred_at), facts))
        decided = plan(asked, self._tick.now)
        if isinstance(decided, LookUp):
            self._directory.read(decided.keys)
            decided = plan(replace(asked, memory=self._memory()), self._tick.now)
        if not isinstance(decided, Anew):
            return Operated(state, str(decided))
        self._make_lanes(decided)
        self._readdress(number, decided.first)
        rows = [self._row(new, tuple(old)) for new in decided.more]
        self._tx.write("insert_deliveries", rows)
        dissolving.refresh(self._tx, self._lanes.values())
        return Operated(state, None)

    def _memory(self) -> Memory:
        addresses = as_list(sorted(self._directory.addresses()))
        rows = self._tx.rows("select_suppressed", addresses, self._tick.now)
        suppressed = {(channel, address): Reason(reason) for channel, address, reason in rows}
        return Memory(None, (), suppressed, self._directory.by_key)

    def _make_lanes(self, anew: Anew) -> None:
        for new in (anew.first, *anew.more):
            if new.state is State.PENDING:
                channel, address = str(new.channel), str(new.recipient)
                lane = lane_of(self._context, self._tx, channel, address)
                # What the address did before does not count any more: an operator knows better.
                self._tx.run("lift_suppression", channel, address)
                self._tx.run("forgive_lane", lane)
                self._lanes[channel, address] = lane

    def _readdress(self, number: int, new: NewDelivery) -> None:
        tx, now = self._tx, self._tick.now
        person = self._directory.id_of(new.key)
        tx.run("readdress_delivery", number, new.channel, person, new.person.name)
        lane = self._lanes[new.channel, new.recipient]
        tx.run("revive_delivery", number, lane, new.recipient, new.due_at, new.expires_at, now)

    def _row(self, new: NewDelivery, old: Row) -> Row:
        event_id, ticket_id, bundle, turn, save, why = old
        now = self._tick.now
        return (
            self._context.ids.next(),
            event_id,
            ticket_id,
            self._directory.id_of(new.key),
            new.person.name,
            self._lanes.get((new.channel, new.recipient)),
            new.channel,
            new.recipient,
            bundle,
            new.rank,
            turn,
            save,
            new.state,
            new.reason,
            why,
            new.due_at,
            new.expires_at,
            now,
            now,
            now if new.state in TERMINAL else None,
            None,
        )
