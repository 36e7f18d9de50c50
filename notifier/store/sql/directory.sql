-- The directory as the operator keeps it. {where} stands for the conditions that were asked for.

-- name: list_people
-- People, newest first, each with every key that leads there.
SELECT p.id, p.ref, p.said, p.met,
       (SELECT json_group_array(json_array(i.kind, i.source, i.value)) FROM identity i
        WHERE i.person_id = p.id), p.created_at, p.updated_at
FROM person p WHERE {where} ORDER BY p.id DESC LIMIT ?;

-- name: people_by_ref
-- Whom the operator's own ids name. PostgreSQL: = ANY($1).
SELECT p.id, p.ref, p.said, p.met,
       (SELECT json_group_array(json_array(i.kind, i.source, i.value)) FROM identity i
        WHERE i.person_id = p.id)
FROM person p WHERE p.ref IN (SELECT value FROM json_each(?));

-- name: people_by_id
-- Whom the service's own ids name.
SELECT p.id, p.ref, p.said, p.met,
       (SELECT json_group_array(json_array(i.kind, i.source, i.value)) FROM identity i
        WHERE i.person_id = p.id)
FROM person p WHERE p.id IN (SELECT value FROM json_each(?));

-- name: give_deliveries
-- Makes the deliveries of one person another's.
UPDATE delivery SET person_id = ?2 WHERE person_id = ?1 AND person_id IS NOT NULL;

-- name: drop_people
-- Removes people.
DELETE FROM person WHERE id IN (SELECT value FROM json_each(?));

-- name: drop_identities_of
-- Lets nothing lead to people any more.
DELETE FROM identity WHERE person_id IN (SELECT value FROM json_each(?));
