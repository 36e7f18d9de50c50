-- The directory of people. {rows} stands for as many rows of values as are given; a JSON list given
-- as one parameter stands for many keys or ids. PostgreSQL: JOIN unnest($1::text[], …); jsonb_agg.

-- name: select_people
-- Who is known by any of these keys, each with every key that leads there. Found by the value alone
-- (the + keeps the rest out of the index), because reading a key's JSON takes longer than a row.
WITH found (id) AS (
  SELECT DISTINCT i.person_id FROM json_each(?) w JOIN identity i
    ON i.value = w.value ->> 2 AND +i.kind = w.value ->> 0 AND +i.source = w.value ->> 1)
SELECT p.id, p.ref, p.said, p.met,
       (SELECT json_group_array(json_array(i.kind, i.source, i.value)) FROM identity i
        WHERE i.person_id = p.id)
FROM found JOIN person p ON p.id = found.id;

-- name: write_people
-- Keeps people as they are now.
INSERT INTO person (id, ref, name, said, met, created_at, updated_at) VALUES {rows}
ON CONFLICT (id) DO UPDATE SET ref = excluded.ref, name = excluded.name, said = excluded.said,
                               met = excluded.met, updated_at = excluded.updated_at;

-- name: insert_identities
-- Lets keys lead to people; a key that leads to somebody already stays theirs.
INSERT INTO identity (kind, source, value, person_id) VALUES {rows} ON CONFLICT DO NOTHING;

-- name: drop_identities
-- Lets keys lead nowhere. PostgreSQL: USING unnest($1, $2, $3).
DELETE FROM identity WHERE (kind, source, value) IN (
  SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?));
