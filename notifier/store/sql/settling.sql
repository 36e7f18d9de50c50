-- Settling: what came of a leased batch.

-- name: batches_to_settle
-- The present state of batches whose outcome came in, and whether an earlier try may have arrived.
SELECT b.id, b.fence, b.owner, b.state, b.lane_id, b.attempts, b.token, b.was_unknown, b.stored,
       EXISTS (SELECT 1 FROM attempt a WHERE a.batch_id = b.id AND a.fence < b.fence
               AND a.outcome IN ('unknown', 'interrupted')),
       l.channel, l.address, l.stamps, l.refusals, l.gate_at
FROM batch b JOIN lane l ON l.id = b.lane_id WHERE b.id IN (SELECT value FROM json_each(?));

-- name: settle_batches
-- Writes what became of batches.
UPDATE batch SET state = w.state, closed_as = w.closed_as, next_at = w.next_at,
                 attempts = w.attempts, was_unknown = w.was_unknown, stored = w.stored
FROM (SELECT column1 AS id, column2 AS state, column3 AS closed_as, column4 AS next_at,
             column5 AS attempts, column6 AS was_unknown, column7 AS stored
      FROM (VALUES {rows})) w
WHERE batch.id = w.id;

-- name: settle_members
-- Lets the members follow: a withdrawn one is cancelled instead of retried, a late one expires.
UPDATE delivery SET
  state = CASE
    WHEN w.state IN ('pending', 'failed') AND withdraw_reason IS NOT NULL THEN 'cancelled'
    WHEN w.state = 'pending' AND expires_at <= w.now THEN 'expired'
    ELSE w.state END,
  reason = CASE
    WHEN w.state IN ('pending', 'failed') AND withdraw_reason IS NOT NULL THEN withdraw_reason
    WHEN w.state = 'pending' AND expires_at <= w.now THEN 'expired'
    ELSE w.reason END,
  finished_at = CASE
    WHEN w.state = 'unknown' THEN NULL
    WHEN w.state = 'pending' AND withdraw_reason IS NULL AND expires_at > w.now THEN NULL
    ELSE w.now END,
  updated_at = w.now
FROM (SELECT column1 AS batch_id, column2 AS state, column3 AS reason, column4 AS now
      FROM (VALUES {rows})) w
WHERE delivery.batch_id = w.batch_id AND delivery.state IN ('sending', 'unknown');

-- name: count_members
-- How many members of batches are still to be sent, and how many there were.
SELECT b.id, b.size, (SELECT count(*) FROM delivery d WHERE d.batch_id = b.id AND d.state = 'pending'),
       b.attempts
FROM batch b WHERE b.id IN (SELECT value FROM json_each(?));

-- name: write_attempts
-- Keeps the evidence of tries; one that was announced before its first byte is completed. A provider
-- that gives one id twice must not stop the settle: the second one is not kept.
INSERT INTO attempt (batch_id, fence, nonce, provider_id, started_at, ended_at, phase, outcome, reason,
                     code, enhanced_code, reply, remote, digest) VALUES {rows}
ON CONFLICT (batch_id, fence) DO UPDATE SET
  provider_id = CASE WHEN EXISTS (SELECT 1 FROM attempt a WHERE a.provider_id = excluded.provider_id
                             AND a.provider_id IS NOT NULL AND a.nonce IS NOT NULL)
    THEN attempt.provider_id ELSE excluded.provider_id END,
  ended_at = excluded.ended_at, phase = excluded.phase,
  outcome = excluded.outcome, reason = excluded.reason, code = excluded.code,
  enhanced_code = excluded.enhanced_code, reply = excluded.reply, remote = excluded.remote,
  digest = excluded.digest;

-- name: stamp_lanes
-- Writes what the limiter knows of lanes.
UPDATE lane SET stamps = w.stamps, refusals = w.refusals, gate_at = w.gate_at
FROM (SELECT column1 AS id, column2 AS stamps, column3 AS refusals, column4 AS gate_at
      FROM (VALUES {rows})) w
WHERE lane.id = w.id;

-- name: suppress_addresses
-- Stops writing to addresses that were refused for good too often.
INSERT INTO suppression (channel, sender, address, reason, until) VALUES {rows}
ON CONFLICT (channel, sender, address) DO UPDATE SET reason = excluded.reason, until = excluded.until;

-- name: start_batch
-- Commits that an irreversible attempt begins, if the lease is still held.
UPDATE batch SET started_at = ?4
WHERE id = ?1 AND fence = ?2 AND owner = ?3 AND state = 'sending' AND until > ?4
RETURNING id;

-- name: renew_batches
-- Extends leases; gives back those that were still held.
UPDATE batch SET until = ?3
WHERE id IN (SELECT value FROM json_each(?1)) AND owner = ?2 AND state = 'sending' RETURNING id;

-- name: remember_former
-- Keeps which batches a delivery belonged to, where such a batch made an attempt.
INSERT INTO former (delivery_id, batch_id)
SELECT d.id, d.batch_id FROM delivery d
WHERE d.batch_id IN (SELECT value FROM json_each(?))
  AND EXISTS (SELECT 1 FROM attempt a WHERE a.batch_id = d.batch_id)
ON CONFLICT DO NOTHING;

-- name: release_members
-- Lets members of dissolved batches wait again, each for itself.
UPDATE delivery SET batch_id = NULL, updated_at = ?2
WHERE batch_id IN (SELECT value FROM json_each(?1)) AND state = 'pending';

-- name: close_batches
-- Closes batches.
UPDATE batch SET state = 'closed', closed_as = w.closed_as, next_at = NULL, stored = NULL
FROM (SELECT column1 AS id, column2 AS closed_as FROM (VALUES {rows})) w
WHERE batch.id = w.id;

-- name: lanes_of_batches
-- Which lanes batches belong to.
SELECT DISTINCT lane_id FROM batch WHERE id IN (SELECT value FROM json_each(?));

-- name: sending_batches
-- What is, or was, being sent; recovery and audit decide about those that nobody holds.
SELECT b.id, b.fence, b.started_at, b.token, b.lane_id, l.channel, l.stamps, b.attempts, b.was_unknown,
       b.stored, b.until
-- The sign keeps the planner on the index of what is being sent, instead of all batches in order.
FROM batch b JOIN lane l ON l.id = b.lane_id WHERE b.state = 'sending' ORDER BY +b.id;

-- name: end_members
-- Ends members of a batch that nobody waits for any more.
UPDATE delivery SET state = w.state, reason = coalesce(w.reason, withdraw_reason), updated_at = w.now,
                    finished_at = w.now
FROM (SELECT column1 AS batch_id, column2 AS state, column3 AS reason, column4 AS now
      FROM (VALUES {rows})) w
WHERE delivery.batch_id = w.batch_id AND delivery.state IN ('pending', 'unknown');
