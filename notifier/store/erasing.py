"""Erasing a person: from the directory, from what waits, from history and from texts.

Takes whom, gives whether there is more to do. Refuses nothing. What has its own row goes in the
first transaction, and nothing is sent from then on but what is on the wire; events and tickets
follow in slices. A lane keeps its row, under a name that says nothing, because history refers to
it, and a settle that is still to come finds it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from notifier.model.people import Card, Known
from notifier.model.reasons import Reason
from notifier.model.states import ClosedAs, State
from notifier.store import dissolving, remains, stamps, traces, unmapped
from notifier.store.context import Tick
from notifier.store.people import addresses_of, known_from, row_of
from notifier.store.transaction import Row, Transaction, as_list

SLICE = 500


class Erasing:
    """Erases one person: `begin`, then `go_on` until it gives False, then `end`.

    The person stays in the directory until the end, so that an erasure that was cut short can be
    asked for again.
    """

    def __init__(self, who: str | int) -> None:
        """`who` is the operator's own name for them, or the service's id."""
        self._who = who
        self._person = 0
        self._names: set[str] = set()
        self._traces = traces.traces((), ())
        self._event = 0
        self._raw_call = 0
        self._ticket: int | None = None

    @property
    def texts(self) -> frozenset[str]:
        """Give the names and addresses that are erased, in every spelling they were stored in."""
        return frozenset(
            spelling for text in self._traces.texts for spelling in traces.spellings(text)
        )

    def begin(self, tx: Transaction, tick: Tick) -> bool:
        """Erase all that is found by an index; False when there is no such person."""
        name = "people_by_id" if isinstance(self._who, int) else "people_by_ref"
        rows = tx.rows(name, as_list([self._who]))
        if not rows:
            return False
        known = known_from(rows[0])
        self._person = known.id
        self._rows(tx, tick, known)
        return True

    def go_on(self, tx: Transaction, tick: Tick) -> bool:
        """Erase from the next slice of events, then of tickets; give whether there is more."""
        if self._ticket is None:
            # Both have something to look at in each slice; neither may be skipped.
            more = [self._events(tx), self._raw_calls(tx)]
            if not any(more):
                self._ticket = 0
            return True
        return self._tickets(tx, self._ticket)

    def end(self, tx: Transaction, tick: Tick) -> None:
        """Erase what came in meanwhile, and the person from the directory."""
        self.begin(tx, tick)
        before = self._event
        while self._events(tx) or self._raw_calls(tx):
            pass
        self._clean_tickets(tx, tx.rows("tickets_since", before))
        # Written with the last row that names them, so that a crash forgets no remains.
        tx.run("write_mark", remains.MARK, self._person)
        ids = as_list([self._person])
        tx.run("forget_person", self._person)
        tx.run("drop_identities_of", ids)
        tx.run("drop_people", ids)

    def _rows(self, tx: Transaction, tick: Tick, known: Known) -> None:
        used = tx.rows("lanes_of_person", known.id)
        pairs = {(channel, recipient) for _, channel, recipient in used}
        pairs |= {*addresses_of(known.said), *addresses_of(known.met)}
        self._remember(tx, known, {address for _, address in pairs})
        pairs_text = as_list(sorted(pairs))
        lanes = {lane for (lane,) in tx.rows("lanes_to", pairs_text)}
        lanes |= {lane for lane, _, _ in used if lane is not None}
        addresses = as_list(sorted({address for _, address in pairs}))
        self._others(tx, tick, addresses, pairs)
        self._end(tx, tick, addresses, lanes)
        tx.run("erase_replies", known.id, addresses)
        tx.run("erase_deliveries_of_person", known.id)
        tx.run("erase_deliveries_to", addresses)
        tx.run("erase_suppressions", pairs_text)
        tx.run("erase_lanes", as_list(sorted(lanes)), stamps.to_blob(()))

    def _others(
        self, tx: Transaction, tick: Tick, addresses: str, pairs: Collection[tuple[str, str]]
    ) -> None:
        """Take the addresses, and bare names, from people who share them."""
        numbers = {number for (number,) in tx.rows("people_told_at", addresses, self._person)}
        names = as_list(sorted(self._names))
        called = {number for (number,) in tx.rows("people_called", names, self._person)}
        shared: list[Row] = []
        bare: list[int] = []
        for row in tx.rows("people_by_id", as_list(sorted(numbers | called))):
            one = known_from(row)
            if one.id in called and all(key[0] == "name" for key in one.keys) and one.ref is None:
                bare.append(one.id)
            elif one.id in numbers:
                less = replace(one, said=_less(one.said, pairs), met=_less(one.met, pairs))
                shared.append(row_of(less, tick.now, tick.now))
        tx.write("write_people", shared)
        for number in bare:
            tx.run("forget_person", number)
        tx.run("drop_identities_of", as_list(bare))
        tx.run("drop_people", as_list(bare))

    def _events(self, tx: Transaction) -> bool:
        rows = tx.rows("events_after", self._event, SLICE)
        for number, source, facts, body in rows:
            self._event = number
            self._clean(tx, (number, source, facts, body))
        return len(rows) == SLICE

    def _raw_calls(self, tx: Transaction) -> bool:
        last = unmapped.erase(tx, self._raw_call, SLICE, self.texts)
        self._raw_call = self._raw_call if last is None else last
        return last is not None

    def _tickets(self, tx: Transaction, after: int) -> bool:
        rows = tx.rows("tickets_after", after, SLICE)
        self._clean_tickets(tx, rows)
        if rows:
            self._ticket = rows[-1][0]
        return len(rows) == SLICE

    def _clean_tickets(self, tx: Transaction, rows: Sequence[Row]) -> None:
        for number, source, state in rows:
            cleaned = traces.from_ticket(source, state, self._traces)
            if cleaned is not None:
                tx.run("erase_ticket", number, cleaned)

    def _remember(self, tx: Transaction, known: Known, addresses: set[str]) -> None:
        names = {card.name for card in (known.said, known.met) if card.name}
        names |= {name for (name,) in tx.rows("names_of_person", known.id)}
        self._names |= names
        texts = self._traces.texts | names | addresses
        self._traces = traces.traces(texts, self._traces.keys | known.keys)

    def _end(self, tx: Transaction, tick: Tick, addresses: str, lanes: set[int]) -> None:
        """Cancel what waits, mark what is being sent, drop the bytes of what may have arrived."""
        found = tx.rows("deliveries_of_person", self._person, addresses)
        wanted = {number: Reason.OPERATOR for (number,) in found}
        tick.unwanted += dissolving.withdraw(tx, wanted, tick.now)
        ids = as_list(sorted(lanes))
        unknown = [number for (number,) in tx.rows("unknown_in_lanes", ids)]
        tx.write("end_members", [(one, State.CANCELLED, None, tick.now) for one in unknown])
        tx.write("close_batches", [(one, ClosedAs.CANCELLED) for one in unknown])
        tx.run("forget_stored", ids)
        dissolving.refresh(tx, lanes)

    def _clean(self, tx: Transaction, row: tuple[int, str, str, str | None]) -> None:
        number, source, facts, body = row
        cleaned = traces.from_facts(source, facts, self._traces)
        named = cleaned is not None or (body is not None and traces.in_body(body, self._traces))
        if named:
            tx.run("erase_event", number, cleaned or facts, None)


def _less(card: Card, pairs: Collection[tuple[str, str]]) -> Card:
    """Give a card without some addresses."""
    return replace(
        card,
        emails=tuple(one for one in card.emails if ("email", one) not in pairs),
        phones=tuple(one for one in card.phones if ("sms", one) not in pairs),
    )
