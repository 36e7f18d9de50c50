-- What happens when webhooks are recorded. {rows} stands for as many rows of values as are given;
-- a JSON list given as one parameter stands for many ids or keys: PostgreSQL: = ANY($1).
-- SQLite's one writer is the lock; on PostgreSQL the reads of tickets and lanes end in FOR UPDATE,
-- as their own statements, sorted by id, in the order seen, ticket, lane, batch, delivery.

-- name: insert_seen
-- Remembers ids; gives back the events of those that were new.
INSERT INTO seen (source, key, body_hash, event_id, until) VALUES {rows}
ON CONFLICT DO NOTHING RETURNING event_id;

-- name: select_seen
-- What is known of ids that were not new. PostgreSQL: JOIN unnest($1::text[], $2::text[]) w(source, key).
SELECT s.source, s.key, s.event_id, s.more, s.body_hash, s.until
FROM json_each(?) w JOIN seen s ON s.source = w.value ->> 0 AND s.key = w.value ->> 1;

-- name: renew_seen
-- Remembers ids anew that were remembered long enough, but not forgotten yet.
INSERT INTO seen (source, key, body_hash, event_id, until) VALUES {rows}
ON CONFLICT (source, key) DO UPDATE SET body_hash = excluded.body_hash, event_id = excluded.event_id,
                                        until = excluded.until, more = NULL;

-- name: settle_seen
-- Says which events became of a call, where that is not one event with the id it was given.
UPDATE seen SET event_id = w.event_id, more = w.more
FROM (SELECT column1 AS source, column2 AS key, column3 AS event_id, column4 AS more
      FROM (VALUES {rows})) w
WHERE seen.source = w.source AND seen.key = w.key;

-- name: select_tickets
-- What is remembered of tickets. PostgreSQL: INSERT … ON CONFLICT DO NOTHING first, so that a new one is locked too.
SELECT t.id, t.source, t.key, t.turn, t.state
FROM json_each(?) w JOIN ticket t ON t.source = w.value ->> 0 AND t.key = w.value ->> 1;

-- name: select_told
-- Deliveries of tickets that are open or belong to the present turn.
SELECT d.ticket_id, d.id, d.channel, d.turn, d.state, d.withdraw_reason IS NOT NULL, d.save, d.created_at
FROM ticket t JOIN delivery d ON d.ticket_id = t.id
WHERE t.id IN (SELECT value FROM json_each(?))
  AND (d.turn = t.turn OR d.state IN ('pending', 'sending', 'unknown'))
ORDER BY d.id;

-- name: select_last_events
-- What the last event of each ticket said. PostgreSQL: JOIN LATERAL (… LIMIT 1).
SELECT e.ticket_id, e.type, e.facts FROM json_each(?) w JOIN event e
  ON e.id = (SELECT max(l.id) FROM event l WHERE l.ticket_id = w.value);

-- name: select_suppressed
-- Which addresses must not be written to.
SELECT s.channel, s.address, s.reason
FROM json_each(?1) w JOIN suppression s
  ON s.channel = w.value ->> 0 AND s.sender = '' AND s.address = w.value ->> 1
WHERE s.until IS NULL OR s.until > ?2;

-- name: select_lanes
-- The lanes of addresses.
SELECT l.channel, l.address, l.id
FROM json_each(?) w JOIN lane l ON l.channel = w.value ->> 0 AND l.address = w.value ->> 1;

-- name: insert_events
-- Keeps events.
INSERT INTO event (id, source, webhook_id, type, status, ticket_id, occurred_at, accepted_at, note,
                   facts, body) VALUES {rows};

-- name: upsert_tickets
-- Keeps what is remembered of tickets.
INSERT INTO ticket (id, source, key, number, turn, state) VALUES {rows}
ON CONFLICT (id) DO UPDATE SET number = excluded.number, turn = excluded.turn, state = excluded.state;

-- name: insert_lanes
-- Makes lanes for addresses that had none.
INSERT INTO lane (id, channel, address, wake_at, rank, stamps) VALUES {rows};

-- name: insert_deliveries
-- Adds deliveries.
INSERT INTO delivery (id, event_id, ticket_id, person_id, person_name, lane_id, channel, recipient,
                      bundle, rank, turn, save, state, reason, why, due_at, expires_at, created_at,
                      updated_at, finished_at, merged_into) VALUES {rows};

-- name: wake_lanes
-- Makes lanes look again when something new may go: at once, or when the gate opens.
UPDATE lane SET
  rank = CASE WHEN wake_at IS NULL THEN w.rank ELSE min(lane.rank, w.rank) END,
  wake_at = CASE w.rank
    WHEN 0 THEN coalesce(min(wake_at, w.due_at), w.due_at)
    ELSE coalesce(min(wake_at, max(w.due_at, coalesce(gate_at, 0))),
                  max(w.due_at, coalesce(gate_at, 0))) END
FROM (SELECT column1 AS lane_id, column2 AS rank, column3 AS due_at FROM (VALUES {rows})) w
WHERE lane.id = w.lane_id
RETURNING id, channel, gate_at;

-- name: cancel_waiting
-- Cancels withdrawn deliveries that wait, whatever their batch; gives back where they stood.
UPDATE delivery SET state = 'cancelled', reason = w.reason, updated_at = w.now, finished_at = w.now
FROM (SELECT column1 AS id, column2 AS reason, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.id = w.id AND delivery.state = 'pending'
RETURNING delivery.id, lane_id, batch_id;

-- name: mark_withdrawn
-- Marks withdrawn deliveries that are being sent; their settle honours it.
UPDATE delivery SET withdraw_reason = w.reason, updated_at = w.now
FROM (SELECT column1 AS id, column2 AS reason, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.id = w.id AND delivery.state IN ('sending', 'unknown') AND withdraw_reason IS NULL
RETURNING batch_id;

-- name: select_unwanted
-- Which batches have no member left that anybody wants.
SELECT batch_id FROM delivery WHERE batch_id IN (SELECT value FROM json_each(?))
GROUP BY batch_id HAVING count(*) = count(withdraw_reason);

-- name: move_waiting
-- Gives waiting deliveries another time.
UPDATE delivery SET due_at = w.due_at, updated_at = w.now
FROM (SELECT column1 AS id, column2 AS due_at, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.id = w.id AND delivery.state = 'pending' AND batch_id IS NULL
RETURNING lane_id;
