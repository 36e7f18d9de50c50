-- The first schema. Hot rows (lane, batch, pending deliveries) are found by partial indexes only;
-- history refers to them without foreign keys, so that it can be partitioned and pruned alone.
-- Instants are milliseconds since 1970, UTC. Ids are 64 bits, ordered by time.

CREATE TABLE seen (
  source    TEXT NOT NULL,
  key       TEXT NOT NULL,
  body_hash BLOB NOT NULL,
  event_id  INTEGER NOT NULL,
  until     INTEGER NOT NULL,
  PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_until ON seen (until);

CREATE TABLE event (
  id          INTEGER PRIMARY KEY,
  source      TEXT NOT NULL,
  webhook_id  TEXT NOT NULL,
  type        TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('accepted', 'ignored')),
  ticket_id   INTEGER NOT NULL,
  occurred_at INTEGER NOT NULL,
  accepted_at INTEGER NOT NULL,
  note        TEXT,
  facts       TEXT NOT NULL,
  body        TEXT
) STRICT;
CREATE INDEX event_of_ticket ON event (ticket_id, id);

CREATE TABLE ticket (
  id     INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  key    TEXT NOT NULL,
  number TEXT NOT NULL,
  turn   INTEGER NOT NULL,
  state  TEXT NOT NULL,
  UNIQUE (source, key)
) STRICT;
CREATE INDEX ticket_number ON ticket (number);

CREATE TABLE person (
  id     INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  key    TEXT NOT NULL,
  name   TEXT,
  UNIQUE (source, key)
) STRICT;

CREATE TABLE lane (
  id       INTEGER PRIMARY KEY,
  channel  TEXT NOT NULL,
  address  TEXT NOT NULL,
  wake_at  INTEGER,
  rank     INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 3),
  gate_at  INTEGER,
  stamps   BLOB NOT NULL,
  refusals INTEGER NOT NULL DEFAULT 0,
  UNIQUE (channel, address)
) STRICT;
CREATE INDEX lane_due ON lane (channel, rank, wake_at) WHERE wake_at IS NOT NULL;

CREATE TABLE delivery (
  id              INTEGER PRIMARY KEY,
  event_id        INTEGER NOT NULL,
  ticket_id       INTEGER NOT NULL,
  person_id       INTEGER,
  person_name     TEXT,
  lane_id         INTEGER,
  channel         TEXT,
  recipient       TEXT,
  bundle          TEXT NOT NULL,
  rank            INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 3),
  turn            INTEGER NOT NULL,
  save            TEXT,
  state           TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'unknown', 'sent',
                    'delivered', 'undelivered', 'failed', 'expired', 'suppressed', 'cancelled',
                    'merged')),
  reason          TEXT,
  why             TEXT NOT NULL,
  due_at          INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL,
  finished_at     INTEGER,
  batch_id        INTEGER,
  merged_into     INTEGER,
  withdraw_reason TEXT,
  CHECK ((state = 'merged') = (merged_into IS NOT NULL)),
  CHECK (state NOT IN ('sending', 'unknown', 'sent', 'delivered', 'undelivered')
         OR (batch_id IS NOT NULL AND lane_id IS NOT NULL)),
  CHECK (state <> 'pending' OR lane_id IS NOT NULL),
  CHECK (state NOT IN ('failed', 'expired', 'suppressed', 'cancelled', 'merged')
         OR reason IS NOT NULL),
  CHECK ((state IN ('pending', 'sending', 'unknown')) = (finished_at IS NULL))
) STRICT;
CREATE INDEX delivery_waiting ON delivery (lane_id, rank, due_at, id)
  WHERE state = 'pending' AND batch_id IS NULL;
CREATE INDEX delivery_blocking ON delivery (lane_id, ticket_id)
  WHERE batch_id IS NOT NULL AND state IN ('pending', 'sending', 'unknown');
CREATE INDEX delivery_deadline ON delivery (expires_at) WHERE state IN ('pending', 'unknown');
CREATE INDEX delivery_oldest ON delivery (channel, created_at) WHERE state = 'pending';
CREATE INDEX delivery_of_ticket ON delivery (ticket_id, id);
CREATE INDEX delivery_of_event ON delivery (event_id);
CREATE INDEX delivery_of_batch ON delivery (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX delivery_to ON delivery (recipient, id);
CREATE INDEX delivery_of_person ON delivery (person_id) WHERE state = 'pending';

-- The legal moves of a delivery; model/states.py holds the same table.
CREATE TRIGGER delivery_moves BEFORE UPDATE OF state ON delivery
WHEN old.state <> new.state AND NOT (
  CASE old.state
    WHEN 'pending' THEN new.state IN ('sending', 'failed', 'expired', 'suppressed', 'cancelled', 'merged')
    WHEN 'sending' THEN new.state IN ('sent', 'pending', 'unknown', 'failed', 'expired', 'suppressed',
                                      'cancelled', 'merged')
    WHEN 'unknown' THEN new.state IN ('sending', 'sent', 'delivered', 'undelivered', 'pending', 'failed',
                                      'expired', 'suppressed', 'cancelled', 'merged')
    WHEN 'sent' THEN new.state IN ('delivered', 'undelivered')
    WHEN 'undelivered' THEN new.state = 'pending'
    WHEN 'failed' THEN new.state = 'pending'
    WHEN 'expired' THEN new.state = 'pending'
    WHEN 'suppressed' THEN new.state = 'pending'
    WHEN 'cancelled' THEN new.state = 'pending'
    ELSE 0
  END)
BEGIN
  SELECT raise(ABORT, 'a delivery may not move between these states');
END;

CREATE TABLE batch (
  id          INTEGER PRIMARY KEY,
  lane_id     INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('sending', 'waiting', 'unknown', 'closed')),
  closed_as   TEXT CHECK (closed_as IN ('sent', 'failed', 'dissolved', 'cancelled', 'expired')),
  owner       TEXT NOT NULL,
  fence       INTEGER NOT NULL,
  until       INTEGER NOT NULL,
  attempts    INTEGER NOT NULL,
  next_at     INTEGER,
  first_at    INTEGER NOT NULL,
  started_at  INTEGER,
  token       INTEGER NOT NULL CHECK (token IN (0, 1)),
  rank        INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 3),
  recipe      TEXT NOT NULL,
  size        INTEGER NOT NULL CHECK (size > 0),
  was_unknown INTEGER NOT NULL DEFAULT 0,
  stored      BLOB,
  CHECK ((state = 'closed') = (closed_as IS NOT NULL)),
  CHECK (state <> 'waiting' OR next_at IS NOT NULL),
  CHECK (state <> 'closed' OR stored IS NULL)
) STRICT;
CREATE INDEX batch_open ON batch (lane_id) WHERE state <> 'closed';
CREATE INDEX batch_lease ON batch (until) WHERE state = 'sending';
CREATE INDEX batch_next ON batch (next_at) WHERE state IN ('waiting', 'unknown');

CREATE TABLE attempt (
  batch_id      INTEGER NOT NULL,
  fence         INTEGER NOT NULL,
  nonce         TEXT,
  provider_id   TEXT,
  started_at    INTEGER NOT NULL,
  ended_at      INTEGER,
  phase         TEXT NOT NULL,
  outcome       TEXT NOT NULL,
  reason        TEXT,
  code          INTEGER,
  enhanced_code TEXT,
  reply         TEXT,
  remote        TEXT,
  digest        TEXT,
  PRIMARY KEY (batch_id, fence)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attempt_nonce ON attempt (nonce) WHERE nonce IS NOT NULL;
CREATE UNIQUE INDEX attempt_provider_id ON attempt (provider_id)
  WHERE provider_id IS NOT NULL AND nonce IS NOT NULL;

-- Batches that a delivery was part of before; written only when such a batch made an attempt.
CREATE TABLE former (
  delivery_id INTEGER NOT NULL,
  batch_id    INTEGER NOT NULL,
  PRIMARY KEY (delivery_id, batch_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
  id        INTEGER PRIMARY KEY,
  ticket_id INTEGER NOT NULL,
  topic     TEXT NOT NULL,
  due_at    INTEGER NOT NULL,
  event     TEXT NOT NULL
) STRICT;
CREATE INDEX timer_due ON timer (due_at);
CREATE INDEX timer_of_ticket ON timer (ticket_id, topic);

CREATE TABLE suppression (
  channel TEXT NOT NULL,
  sender  TEXT NOT NULL,
  address TEXT NOT NULL,
  reason  TEXT NOT NULL,
  until   INTEGER,
  PRIMARY KEY (channel, sender, address)
) STRICT, WITHOUT ROWID;

-- Single values that must survive a restart, such as how far retention has come.
CREATE TABLE mark (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row as large as a few events: whether it can be written tells whether they could.
CREATE TABLE probe (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  filler BLOB NOT NULL
) STRICT;
