"""Stores with a past: rows of history, or of a backlog that the limiter holds.

Takes a folder and a number of rows, gives a store file made by the service's own migrations.
Refuses nothing.
"""

import os
import time
from pathlib import Path

import apsw

from bench import calls
from bench.ours import STORE
from notifier.app import translation
from notifier.model import events
from notifier.model.times import DAY, HOUR, MINUTE
from notifier.settings.settings import load
from notifier.sources import strict_json
from notifier.sources.native import event_of
from notifier.store import connection, migrate, stamps

_PEOPLE = 1000
_LANES_OF_BACKLOG = 10_000
_ID_SHIFT = 21
_LEAD = 10_000_000
"""Numbers of seeded tickets start here, above those of the load."""

_NUMBERED = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :rows) "

_EVENTS = """
INSERT INTO seen SELECT 'default', printf('msg_%08d', :lead + i), randomblob(32),
  :first + i * :step, :now + :day * 30 FROM n;
INSERT INTO ticket SELECT :first + i * :step + 1, 'default', printf('%08d', :lead + i),
  printf('%08d', :lead + i), 1, :state FROM n;
INSERT INTO event SELECT :first + i * :step, 'default', printf('msg_%08d', :lead + i),
  'ticket.assigned', 'accepted', :first + i * :step + 1, (:first + i * :step) >> 21,
  (:first + i * :step) >> 21, NULL, :facts, :body FROM n;
INSERT INTO person (id, name, said, met, created_at, updated_at)
SELECT :first + i * :step + 2, 'John Smith', '{}', '{}', 0, 0
  FROM n WHERE i < :people;
"""

_LANES = """
INSERT INTO lane SELECT :first + i * :step + 3, 'email', printf('old%06d@example.com', i),
  :wake, 1, :wake, :stamps, 0 FROM n WHERE i < :lanes;
"""

_DELIVERIES = """
INSERT INTO delivery SELECT :first + i * :step + 4, :first + i * :step, :first + i * :step + 1,
  :first + (i % :people) * :step + 2, 'John Smith', :first + (i % :lanes) * :step + 3, 'email',
  printf('old%06d@example.com', i % :lanes), 'x', 1, 1, '7', :delivered, NULL, 'assignee',
  (:first + i * :step) >> 21, :now + :day, (:first + i * :step) >> 21, :now, :finished,
  iif(:finished IS NULL, NULL, :first + i * :step + 5), NULL, NULL FROM n;
"""

_SENT = """
INSERT INTO batch SELECT :first + i * :step + 5, :first + (i % :lanes) * :step + 3, 'closed',
  'sent', 'old', 1, (:first + i * :step) >> 21, 1, NULL, (:first + i * :step) >> 21, NULL, 0, 1,
  'old', 1, 0, NULL FROM n;
INSERT INTO attempt SELECT :first + i * :step + 5, 1, NULL, NULL, (:first + i * :step) >> 21,
  (:first + i * :step) >> 21, 'dot', 'sent', NULL, 250, '2.0.0', 'Ok: queued as 4F2A1B',
  '127.0.0.1:25', hex(randomblob(32)) FROM n;
"""


def history(folder: Path, rows: int) -> None:
    """Make a store that has sent so many mails in the last 25 days."""
    _seed(folder, rows, _EVENTS + _LANES + _DELIVERIES + _SENT, pending=False)


def backlog(folder: Path, rows: int) -> None:
    """Make a store in which so many deliveries wait for gates that open in an hour."""
    _seed(folder, rows, _EVENTS + _LANES + _DELIVERIES, pending=True)


def _limits() -> int:
    settings, _ = load({}, Path(os.devnull))
    return translation.options(settings, {}, "").limits


def _seed(folder: Path, rows: int, script: str, *, pending: bool) -> None:
    now = int(time.time() * 1000)
    age = HOUR if pending else 25 * DAY
    content = calls.body(_LEAD)
    event = event_of("default", "msg", now, strict_json.loads(content))
    values: dict[str, int | str | bytes | None] = {
        "rows": rows,
        "lead": _LEAD,
        "people": _PEOPLE,
        "lanes": _LANES_OF_BACKLOG if pending else _PEOPLE,
        "now": now,
        "day": DAY,
        "first": (now - age) << _ID_SHIFT,
        "step": max(((age - MINUTE) << _ID_SHIFT) // max(rows, 1), 8),
        "state": "{}",
        "facts": events.to_facts(event),
        "body": content.decode(),
        "wake": now + HOUR if pending else None,
        "stamps": stamps.to_blob(()),
        "delivered": "pending" if pending else "sent",
        "finished": None if pending else now,
    }
    store = connection.open_writer(folder / STORE)
    try:
        migrate.apply(store, migrate.shipped())
        store.pragma("wal_autocheckpoint", 10_000)
        with store:
            for statement in script.split(";\n"):
                if statement.strip():
                    named = statement.replace("INSERT INTO", _NUMBERED + "INSERT INTO", 1)
                    store.execute(named, values)
            # Without it the service would take the gates for those of other limits, and open them.
            store.execute("INSERT INTO mark (name, value) VALUES ('limits', ?)", (_limits(),))
        store.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        store.close()
