-- Upkeep, in slices: deadlines, retention, marks.

-- name: add_stamps
-- Writes the stamps of a lane whose batch was found without an owner.
UPDATE lane SET stamps = ?2 WHERE id = ?1;

-- name: past_deadline
-- Waiting deliveries past their deadline.
SELECT id, lane_id, batch_id FROM delivery
WHERE state = 'pending' AND state IN ('pending', 'unknown') AND expires_at <= ?1
ORDER BY expires_at LIMIT ?2;

-- name: expire_deliveries
-- Ends them.
UPDATE delivery SET state = 'expired', reason = 'expired', updated_at = ?2, finished_at = ?2
WHERE id IN (SELECT value FROM json_each(?1)) AND state = 'pending';

-- name: unknown_past_deadline
-- Batches whose outcome is unknown and all of whose members are past their deadline.
SELECT b.id, b.lane_id FROM delivery d JOIN batch b ON b.id = d.batch_id
WHERE d.state = 'unknown' AND d.state IN ('pending', 'unknown') AND d.expires_at <= ?1 AND b.state = 'unknown'
GROUP BY b.id HAVING NOT EXISTS (
  SELECT 1 FROM delivery o WHERE o.batch_id = b.id AND o.state = 'unknown' AND o.expires_at > ?1)
LIMIT ?2;

-- name: forget_seen
-- Forgets ids that are remembered long enough.
DELETE FROM seen WHERE (source, key) IN (SELECT source, key FROM seen WHERE until <= ?1 LIMIT ?2)
RETURNING 1;

-- name: forget_bodies
-- Erases bodies of old events, onwards from the last id that was erased.
UPDATE event SET body = NULL
WHERE id IN (SELECT id FROM event WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3) RETURNING id;

-- name: forget_deliveries
-- Erases old deliveries that have ended.
DELETE FROM delivery WHERE id IN (
  SELECT id FROM delivery WHERE id < ?1 AND finished_at IS NOT NULL ORDER BY id LIMIT ?2) RETURNING id;

-- name: forget_former
-- Erases what they were part of.
DELETE FROM former WHERE delivery_id IN (SELECT value FROM json_each(?1));

-- name: forget_attempts
-- Erases attempts of old closed batches that have no member left.
DELETE FROM attempt WHERE batch_id IN (SELECT value FROM json_each(?1));

-- name: old_batches
-- Old closed batches that have no member left.
SELECT id FROM batch WHERE id < ?1 AND state = 'closed'
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.batch_id = batch.id) ORDER BY id LIMIT ?2;

-- name: forget_batches
-- Erases them.
DELETE FROM batch WHERE id IN (SELECT value FROM json_each(?1));

-- name: forget_events
-- Erases old events that have no delivery left.
DELETE FROM event WHERE id IN (
  SELECT id FROM event WHERE id < ?1
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = event.id) ORDER BY id LIMIT ?2)
RETURNING id;

-- name: read_mark
-- Reads one value.
SELECT value FROM mark WHERE name = ?;

-- name: write_mark
-- Writes one value.
INSERT INTO mark (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: write_probe
-- Needs the room of a few events; other bytes each time, because equal ones would not be written.
-- PostgreSQL: overlay() of gen_random_bytes(), or repeat() of md5(random()::text).
INSERT INTO probe (id, filler) VALUES (1, randomblob(65536))
ON CONFLICT (id) DO UPDATE SET filler = excluded.filler;

-- name: largest_id
-- The largest id in use, above which new ones start.
SELECT max(coalesce((SELECT max(id) FROM event), 0), coalesce((SELECT max(id) FROM delivery), 0),
           coalesce((SELECT max(id) FROM batch), 0), coalesce((SELECT max(id) FROM ticket), 0),
           coalesce((SELECT max(id) FROM person), 0), coalesce((SELECT max(id) FROM lane), 0),
           coalesce((SELECT max(id) FROM timer), 0), coalesce((SELECT max(id) FROM unmapped), 0));
