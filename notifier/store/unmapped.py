"""Calls that no event could be made of: kept as they came, until they are read after all.

Takes raw calls without what is confidential in them, gives ids, and the calls back. Refuses
nothing. The same call that comes again within the hour is the same row.
"""

import json
from collections.abc import Collection, Sequence
from urllib.parse import unquote_to_bytes

from notifier.model.times import HOUR, Instant
from notifier.store.context import Context, Tick
from notifier.store.transaction import Row, Transaction, as_list
from notifier.store.views import RawCall, UnmappedCall, UnmappedDetail

STATUSES = ("unmapped", "replayed")

ERASED = "erased, because it named somebody who is erased"
"""The note of a call that held what was to be erased everywhere."""

_SAME_WITHIN = HOUR


def keep(context: Context, tx: Transaction, tick: Tick, call: UnmappedCall) -> int:
    """Keep a call; give its id, or that of the same call which came shortly before."""
    since = context.ids.floor(tick.now - _SAME_WITHIN)
    known = tx.one("find_same_unmapped", call.source, call.digest, since)
    if known is not None:
        return int(known)
    number = context.ids.next()
    head = (number, call.source, "unmapped", tick.now, call.digest, call.note)
    tx.write("insert_unmapped", [(*head, *_to_row(call.raw))])
    return number


def replayed(tx: Transaction, number: int, note: str, *, mapped: bool) -> None:
    """Note what came of reading it again; once it was mapped nothing changes any more."""
    tx.run("note_unmapped", number, "replayed" if mapped else "unmapped", note)


def raw(tx: Transaction, number: int) -> RawCall | None:
    """Give what a call was; None when that was erased."""
    for method, query, headers, body in tx.rows("raw_call", number):
        pairs = ((name.encode("latin-1"), text.encode("latin-1")) for name, text in _read(headers))
        return RawCall(method, query, tuple(pairs), body)
    return None


def detail(row: Row) -> UnmappedDetail:
    """Make the view of a row of `list_unmapped`."""
    number, status, source, accepted_at, note, body = row
    return UnmappedDetail(number, status, source, accepted_at, note, bool(body))


def forget(tx: Transaction, bodies_below: int, below: int, most: int) -> int:
    """Erase what is past its retention, in slices; give how many rows that were at most."""
    done: Instant = tx.one("read_mark", "raw_calls_erased_to") or 0
    erased = [number for (number,) in tx.rows("forget_raw_calls", done, bodies_below, most)]
    if erased:
        tx.run("write_mark", "raw_calls_erased_to", max(erased))
    return max(len(erased), len(tx.rows("forget_unmapped", below, most)))


def erase(tx: Transaction, after: int, most: int, texts: Collection[str]) -> int | None:
    """Erase what calls were that hold one of these texts, in any case, as it is or in a form.

    Looks at `most` calls from the id `after` on; gives the last one, None when there are no more.
    """
    wanted = [text.lower().encode(errors="surrogatepass") for text in texts]
    rows = tx.rows("raw_calls_after", after, most)
    found = [row[0] for row in rows if _holds(row[1:], wanted)]
    if found:
        tx.run("erase_raw_calls", as_list(found), ERASED)
    return rows[-1][0] if len(rows) == most else None


def _holds(parts: Row, wanted: Sequence[bytes]) -> bool:
    written = b"\n".join(
        part.encode(errors="surrogatepass") if isinstance(part, str) else part
        for part in parts
        if part is not None
    )
    said = (written.lower(), unquote_to_bytes(written.replace(b"+", b" ")).lower())
    return any(text in one for text in wanted for one in said)


def _to_row(call: RawCall) -> Row:
    pairs = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in call.headers]
    return (call.method, call.query, json.dumps(pairs), call.body)


def _read(headers: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = json.loads(headers)
    return pairs
