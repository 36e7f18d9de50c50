-- Erasing a person: what stands in rows of their own at once, what stands inside texts in slices.

-- name: lanes_of_person
-- Which lanes led to them. PostgreSQL: the same.
SELECT DISTINCT d.lane_id, d.channel, d.recipient FROM delivery d
WHERE d.person_id = ?1 AND d.person_id IS NOT NULL AND d.recipient IS NOT NULL;

-- name: names_of_person
-- By which names they were told.
SELECT DISTINCT d.person_name FROM delivery d
WHERE d.person_id = ?1 AND d.person_id IS NOT NULL AND d.person_name IS NOT NULL;

-- name: people_told_at
-- Who else was told at one of these addresses.
SELECT DISTINCT d.person_id FROM json_each(?1) w JOIN delivery d ON d.recipient = w.value
WHERE d.person_id IS NOT NULL AND d.person_id <> ?2;

-- name: people_called
-- Who else has the same name. PostgreSQL: lower(name) = ANY (…).
SELECT p.id FROM json_each(?1) w JOIN person p ON p.name COLLATE NOCASE = w.value
WHERE p.name IS NOT NULL AND p.id <> ?2;

-- name: deliveries_of_person
-- Their deliveries that are open, and those that are open to one of their addresses.
SELECT d.id FROM delivery d
WHERE d.person_id = ?1 AND d.person_id IS NOT NULL AND d.state IN ('pending', 'sending', 'unknown')
UNION
SELECT d.id FROM json_each(?2) w JOIN delivery d ON d.recipient = w.value
WHERE d.state IN ('pending', 'sending', 'unknown');

-- name: unknown_in_lanes
-- Batches in lanes whose outcome is unknown.
SELECT b.id FROM batch b
WHERE b.lane_id IN (SELECT value FROM json_each(?)) AND b.state <> 'closed' AND b.state = 'unknown';

-- name: forget_stored
-- Erases the bytes of earlier tries.
UPDATE batch SET stored = NULL
WHERE lane_id IN (SELECT value FROM json_each(?)) AND state <> 'closed' AND stored IS NOT NULL;

-- name: erase_replies
-- Erases what providers said of messages to them.
UPDATE attempt SET reply = NULL WHERE reply IS NOT NULL AND batch_id IN (
  SELECT d.batch_id FROM delivery d
  WHERE d.person_id = ?1 AND d.person_id IS NOT NULL AND d.batch_id IS NOT NULL
  UNION
  SELECT d.batch_id FROM json_each(?2) w JOIN delivery d ON d.recipient = w.value
  WHERE d.batch_id IS NOT NULL
  UNION
  SELECT f.batch_id FROM delivery d JOIN former f ON f.delivery_id = d.id
  WHERE d.person_id = ?1 AND d.person_id IS NOT NULL
  UNION
  SELECT f.batch_id FROM json_each(?2) w JOIN delivery d ON d.recipient = w.value
  JOIN former f ON f.delivery_id = d.id);

-- name: erase_deliveries_of_person
-- Erases name and address where the deliveries name the person.
UPDATE delivery SET recipient = NULL, person_name = NULL
WHERE person_id = ?1 AND person_id IS NOT NULL;

-- name: forget_person
-- Lets their deliveries lead to nobody.
UPDATE delivery SET person_id = NULL WHERE person_id = ?1 AND person_id IS NOT NULL;

-- name: erase_deliveries_to
-- Erases name and address where the deliveries name an address.
UPDATE delivery SET recipient = NULL, person_name = NULL
WHERE recipient IN (SELECT value FROM json_each(?1));

-- name: erase_lanes
-- Erases addresses of lanes; their deliveries still refer to them.
UPDATE lane SET address = 'erased:' || id, stamps = ?2, refusals = 0
WHERE id IN (SELECT value FROM json_each(?1));

-- name: lanes_to
-- The lanes of addresses.
SELECT l.id FROM json_each(?) w JOIN lane l ON l.channel = w.value ->> 0 AND l.address = w.value ->> 1;

-- name: erase_suppressions
-- Erases what is known of addresses. PostgreSQL: USING unnest($1, $2).
DELETE FROM suppression WHERE (channel, sender, address) IN (
  SELECT s.channel, s.sender, s.address FROM json_each(?) w JOIN suppression s
  ON s.channel = w.value ->> 0 AND s.address = w.value ->> 1);

-- name: events_after
-- Events in order of their ids, from one on.
SELECT id, source, facts, body FROM event WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: erase_event
-- Keeps an event without what named somebody.
UPDATE event SET facts = ?2, body = ?3 WHERE id = ?1;

-- name: tickets_after
-- Tickets in order of their ids, from one on.
SELECT id, source, state FROM ticket WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: tickets_since
-- Tickets of the events from one on.
SELECT id, source, state FROM ticket WHERE id IN (SELECT ticket_id FROM event WHERE id > ?1);

-- name: erase_ticket
-- Keeps a ticket without whom it names.
UPDATE ticket SET state = ?2 WHERE id = ?1;
