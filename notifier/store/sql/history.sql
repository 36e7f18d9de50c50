-- History, as it is read by people. {where} stands for the conditions that were asked for.

-- name: list_deliveries
-- Deliveries, newest first. One that waits is due when its next try is, or when its recipient's
-- limit lets it go. PostgreSQL: greatest instead of max.
SELECT d.id, d.event_id, d.batch_id, d.merged_into, t.key, e.facts ->> '$.ticket.number',
       e.facts ->> '$.ticket.title', d.person_id, d.person_name, d.recipient, d.channel, d.state,
       d.reason, d.why, d.rank,
       CASE d.state WHEN 'pending' THEN coalesce(
           (SELECT b.next_at FROM batch b WHERE b.id = d.batch_id AND b.state = 'waiting'),
           max(d.due_at, (SELECT CASE d.rank WHEN 0 THEN 0 ELSE coalesce(l.gate_at, 0) END
                          FROM lane l WHERE l.id = d.lane_id)),
           d.due_at) ELSE d.due_at END,
       d.created_at, d.updated_at, d.finished_at, d.expires_at,
       (SELECT a.provider_id FROM attempt a WHERE a.batch_id = d.batch_id
        AND a.provider_id IS NOT NULL ORDER BY a.fence DESC LIMIT 1),
       CASE d.reason WHEN 'no_address' THEN
         json_array(e.source, e.facts ->> '$.assignee.id', e.facts ->> '$.assignee.login') END
FROM delivery d JOIN event e ON e.id = d.event_id JOIN ticket t ON t.id = d.ticket_id
WHERE {where} ORDER BY d.id DESC LIMIT ?;

-- name: list_events
-- Events, newest first.
SELECT e.id, e.status, e.accepted_at, e.note, e.source, e.webhook_id, e.type, e.occurred_at, e.facts
FROM event e WHERE {where} ORDER BY e.id DESC LIMIT ?;

-- name: attempts_of_delivery
-- Every attempt for a delivery, in this batch and in earlier ones, oldest first.
SELECT a.started_at, a.ended_at, a.phase, a.outcome, a.code, a.enhanced_code, a.reply, a.remote, a.digest
FROM attempt a
WHERE a.batch_id IN (SELECT batch_id FROM delivery WHERE id = ?1
                     UNION SELECT batch_id FROM former WHERE delivery_id = ?1)
ORDER BY a.started_at, a.batch_id, a.fence;

-- name: oldest_pending
-- Since when the oldest delivery of each channel waits. From channel to channel, because anybody
-- may ask, and GROUP BY would read all that waits.
WITH RECURSIVE waiting (channel) AS (
  SELECT min(channel) FROM delivery WHERE state = 'pending'
  UNION ALL
  SELECT (SELECT min(channel) FROM delivery WHERE state = 'pending' AND channel > w.channel)
  FROM waiting w WHERE w.channel IS NOT NULL)
SELECT w.channel, (SELECT d.due_at FROM delivery d WHERE d.channel = w.channel AND d.state = 'pending'
                   ORDER BY d.due_at LIMIT 1)
FROM waiting w WHERE w.channel IS NOT NULL;

-- name: backlog
-- How many deliveries of each channel wait, and the oldest of them since when.
SELECT channel, count(*), min(due_at) FROM delivery WHERE state = 'pending' GROUP BY channel;
