-- What operators ask for: a delivery that ended is to be sent after all.

-- name: find_delivery
-- Where a delivery stands. PostgreSQL: FOR UPDATE.
SELECT state, channel, recipient FROM delivery WHERE id = ?;

-- name: find_unaddressed
-- What another delivery of its event takes over, and the event.
SELECT d.event_id, d.ticket_id, d.bundle, d.turn, d.save, d.why,
       e.source, e.webhook_id, e.type, e.occurred_at, e.facts
FROM delivery d JOIN event e ON e.id = d.event_id WHERE d.id = ?;

-- name: readdress_delivery
-- Gives a delivery that had no address a channel, and the person as known now.
UPDATE delivery SET channel = ?2, person_id = ?3, person_name = ?4 WHERE id = ?1;

-- name: remember_last
-- Keeps which batch a delivery belonged to, where that batch made an attempt.
INSERT INTO former (delivery_id, batch_id)
SELECT d.id, d.batch_id FROM delivery d
WHERE d.id = ? AND EXISTS (SELECT 1 FROM attempt a WHERE a.batch_id = d.batch_id)
ON CONFLICT DO NOTHING;

-- name: revive_delivery
-- Lets an ended delivery wait again as a new one would.
UPDATE delivery SET state = 'pending', reason = NULL, lane_id = ?2, recipient = ?3, due_at = ?4,
                    expires_at = ?5, updated_at = ?6, finished_at = NULL, batch_id = NULL,
                    withdraw_reason = NULL
WHERE id = ?1;

-- name: lift_suppression
-- Lets an address be written to again, unless its owner does not want that.
DELETE FROM suppression WHERE channel = ?1 AND sender = '' AND address = ?2 AND reason <> 'opted_out';

-- name: forgive_lane
-- Counts the refusals of an address from the start.
UPDATE lane SET refusals = 0 WHERE id = ?;
