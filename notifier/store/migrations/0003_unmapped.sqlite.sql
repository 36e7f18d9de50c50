-- Calls that no event could be made of, as they came. Their ids are those of events: history shows
-- both in one list. What was confidential in them is left out; the call itself (query, headers and
-- body) is erased with the bodies of events.

CREATE TABLE unmapped (
  id          INTEGER PRIMARY KEY,
  source      TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('unmapped', 'replayed')),
  accepted_at INTEGER NOT NULL,
  digest      BLOB NOT NULL,
  note        TEXT NOT NULL,
  method      TEXT NOT NULL,
  query       BLOB,
  headers     TEXT,
  body        BLOB,
  CHECK ((body IS NULL) = (headers IS NULL)),
  CHECK ((body IS NULL) = (query IS NULL))
) STRICT;
CREATE INDEX unmapped_repeat ON unmapped (source, digest, id) WHERE status = 'unmapped';

-- An id may stand for no event (event_id 0), or for several: `more` is the JSON list of the ids of
-- the others. An empty body_hash: whatever comes under the id is a repeat. PostgreSQL: bigint[].
ALTER TABLE seen ADD COLUMN more TEXT;
