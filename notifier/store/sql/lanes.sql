-- Claiming: from lanes that are due to batches that are leased.

-- name: due_lanes
-- The lanes of one channel and rank that are due. PostgreSQL adds FOR UPDATE SKIP LOCKED.
SELECT id, address, gate_at, stamps FROM lane
WHERE channel = ?1 AND rank = ?2 AND wake_at <= ?3 AND wake_at IS NOT NULL
ORDER BY wake_at LIMIT ?4;

-- name: next_wake
-- When the next lane of a channel is due, rank by rank. PostgreSQL: by LATERAL.
SELECT r.value, (SELECT wake_at FROM lane WHERE channel = ?1 AND rank = r.value
                 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1)
FROM json_each('[0,1,2,3]') r;

-- name: look_again
-- Makes every lane that waits for an instant due now, and opens every gate.
UPDATE lane SET wake_at = min(wake_at, ?1), gate_at = min(gate_at, ?1)
WHERE wake_at > ?1 OR gate_at > ?1;

-- name: suppressed_lanes
-- Which of these lanes lead to an address that must not be written to.
SELECT l.id, s.reason FROM lane l JOIN suppression s
  ON s.channel = l.channel AND s.sender = '' AND s.address = l.address
WHERE l.id IN (SELECT value FROM json_each(?1)) AND (s.until IS NULL OR s.until > ?2);

-- name: rest_unknown
-- Lets mails whose outcome is unknown wait for their deadline: nothing may be sent on these lanes.
UPDATE batch SET next_at = NULL
WHERE state = 'unknown' AND state <> 'closed' AND lane_id IN (SELECT value FROM json_each(?));

-- name: suppress_waiting
-- Ends what waits in suppressed lanes.
UPDATE delivery SET state = 'suppressed', reason = w.reason, updated_at = w.now, finished_at = w.now
FROM (SELECT column1 AS lane_id, column2 AS reason, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.lane_id = w.lane_id AND delivery.state = 'pending'
RETURNING batch_id;

-- name: open_batches
-- The open batches of lanes, with how many members are still wanted.
SELECT b.id, b.lane_id, b.state, b.next_at, b.token, b.rank, b.attempts,
       (SELECT count(*) FROM delivery d WHERE d.batch_id = b.id AND d.withdraw_reason IS NULL)
FROM batch b WHERE b.lane_id IN (SELECT value FROM json_each(?)) AND b.state <> 'closed'
ORDER BY b.id;

-- name: waiting_deliveries
-- What may go now in these lanes: not blocked by an open batch of its ticket; a critical one
-- passes a batch that only waits, unless an operator let it go again and the batch is newer.
-- PostgreSQL: CROSS JOIN LATERAL (… LIMIT $3).
SELECT d.lane_id, d.id, d.ticket_id, d.rank, d.bundle, d.due_at
FROM json_each(?1) l JOIN delivery d ON d.id IN (
  SELECT w.id FROM delivery w
  WHERE w.lane_id = l.value AND w.state = 'pending' AND w.batch_id IS NULL
    AND w.due_at <= ?2 AND w.expires_at > ?2
    AND NOT EXISTS (
      SELECT 1 FROM delivery o
      WHERE o.lane_id = w.lane_id AND o.ticket_id = w.ticket_id AND o.batch_id IS NOT NULL
        AND o.state IN ('pending', 'sending', 'unknown')
        AND (w.rank > 0 OR o.state <> 'pending' OR o.id > w.id))
  ORDER BY w.rank, w.due_at, w.id LIMIT ?3)
ORDER BY d.lane_id, d.rank, d.due_at, d.id;

-- name: waiting_in_lane
-- The same for one lane.
SELECT w.lane_id, w.id, w.ticket_id, w.rank, w.bundle, w.due_at FROM delivery w
WHERE w.lane_id = ?1 AND w.state = 'pending' AND w.batch_id IS NULL
  AND w.due_at <= ?2 AND w.expires_at > ?2
  AND NOT EXISTS (
    SELECT 1 FROM delivery o
    WHERE o.lane_id = w.lane_id AND o.ticket_id = w.ticket_id AND o.batch_id IS NOT NULL
      AND o.state IN ('pending', 'sending', 'unknown')
      AND (w.rank > 0 OR o.state <> 'pending' OR o.id > w.id))
ORDER BY w.rank, w.due_at, w.id LIMIT ?3;

-- name: next_due
-- When the next delivery that is not due yet will be, lane by lane.
SELECT d.lane_id, min(d.due_at) FROM delivery d
WHERE d.lane_id IN (SELECT value FROM json_each(?1)) AND d.state = 'pending' AND d.batch_id IS NULL
  AND d.rank IN (0, 1, 2, 3) AND d.due_at > ?2
GROUP BY d.lane_id;

-- name: insert_batches
-- Leases new batches.
INSERT INTO batch (id, lane_id, state, owner, fence, until, attempts, first_at, token, rank, recipe,
                   size) VALUES {rows};

-- name: join_batches
-- Makes deliveries members of new batches.
UPDATE delivery SET state = 'sending', batch_id = w.batch_id, updated_at = w.now
FROM (SELECT column1 AS id, column2 AS batch_id, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.id = w.id;

-- name: merge_deliveries
-- Ends deliveries that a newer one of their turn tells.
UPDATE delivery SET state = 'merged', reason = 'superseded', merged_into = w.told_by,
                    batch_id = NULL, updated_at = w.now, finished_at = w.now
FROM (SELECT column1 AS id, column2 AS told_by, column3 AS now FROM (VALUES {rows})) w
WHERE delivery.id = w.id AND delivery.state = 'pending';

-- name: passed_members
-- Members of waiting batches that a critical delivery of the same ticket passes.
SELECT o.id, o.batch_id, n.id FROM delivery n JOIN delivery o
  ON o.lane_id = n.lane_id AND o.ticket_id = n.ticket_id AND o.id < n.id
WHERE n.id IN (SELECT value FROM json_each(?)) AND o.state = 'pending' AND o.batch_id IS NOT NULL;

-- name: lease_again
-- Leases waiting or unknown batches for another try; the fence tells the tries apart.
UPDATE batch SET state = 'sending', owner = w.owner, fence = fence + 1, until = w.until,
                 token = w.token, started_at = NULL, next_at = NULL
FROM (SELECT column1 AS id, column2 AS owner, column3 AS until, column4 AS token
      FROM (VALUES {rows})) w
WHERE batch.id = w.id;

-- name: send_members
-- Lets the members follow their batch into sending.
UPDATE delivery SET state = 'sending', updated_at = ?2
WHERE batch_id IN (SELECT value FROM json_each(?1)) AND state IN ('pending', 'unknown');

-- name: settle_lanes
-- Writes when lanes look again.
UPDATE lane SET wake_at = w.wake_at, rank = w.rank, gate_at = w.gate_at
FROM (SELECT column1 AS id, column2 AS wake_at, column3 AS rank, column4 AS gate_at
      FROM (VALUES {rows})) w
WHERE lane.id = w.id;

-- name: leased_batches
-- What a worker needs of leased batches.
SELECT b.id, b.fence, l.channel, l.address, b.rank, b.attempts, b.first_at, b.recipe,
       b.was_unknown, b.stored
FROM batch b JOIN lane l ON l.id = b.lane_id WHERE b.id IN (SELECT value FROM json_each(?))
ORDER BY b.rank, b.id;

-- name: members
-- The members of batches with the snapshots of their events.
SELECT d.batch_id, d.id, d.event_id, d.ticket_id, e.facts ->> '$.ticket.number', d.rank,
       d.person_name, d.expires_at, e.source, e.webhook_id, e.type, e.occurred_at, e.facts
FROM delivery d JOIN event e ON e.id = d.event_id
WHERE d.batch_id IN (SELECT value FROM json_each(?)) ORDER BY d.batch_id, d.id;

-- name: refresh_lanes
-- Recomputes when lanes look again, from the rows. PostgreSQL: lock the lanes first, as their own statement.
UPDATE lane SET
  wake_at = (SELECT min(at) FROM (
    SELECT (SELECT CASE r.value WHEN 0 THEN d.due_at ELSE max(d.due_at, coalesce(lane.gate_at, 0)) END
            FROM delivery d WHERE d.lane_id = lane.id AND d.rank = r.value AND d.state = 'pending'
              AND d.batch_id IS NULL ORDER BY d.due_at LIMIT 1) AS at
    FROM json_each('[0,1,2,3]') r
    UNION ALL
    SELECT b.next_at FROM batch b
    WHERE b.lane_id = lane.id AND b.state <> 'closed' AND b.state IN ('waiting', 'unknown'))),
  rank = coalesce((SELECT min(rank) FROM (
    SELECT (SELECT d.rank FROM delivery d WHERE d.lane_id = lane.id AND d.state = 'pending'
              AND d.batch_id IS NULL ORDER BY d.rank LIMIT 1) AS rank
    UNION ALL
    SELECT b.rank FROM batch b
    WHERE b.lane_id = lane.id AND b.state <> 'closed' AND b.state IN ('waiting', 'unknown'))), 3)
WHERE id IN (SELECT value FROM json_each(?));
