-- The directory of people: one row a person, however many sources know them, and whatever by.
-- A card is JSON text (store/cards.py writes it): `said` is what the operator entered and wins,
-- `met` is what calls named and fills the gaps. PostgreSQL: the cards are jsonb.

CREATE TABLE people (
  id         INTEGER PRIMARY KEY,
  ref        TEXT,
  name       TEXT,
  said       TEXT NOT NULL,
  met        TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_ref ON people (ref) WHERE ref IS NOT NULL;
-- PostgreSQL: an index on lower(name) with text_pattern_ops.
CREATE INDEX person_name ON people (name COLLATE NOCASE) WHERE name IS NOT NULL;

-- What leads to a person. Ids, logins and bare names are a source's own; mail addresses (in lower
-- case) and telephone numbers (E.164) belong to no source, which is then ''. The value comes first,
-- because operators look for one whatever its source.
CREATE TABLE identity (
  kind      TEXT NOT NULL CHECK (kind IN ('id', 'login', 'email', 'phone', 'name')),
  source    TEXT NOT NULL,
  value     TEXT NOT NULL,
  person_id INTEGER NOT NULL,
  PRIMARY KEY (value, kind, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_of_person ON identity (person_id);

-- Else each row would look through all of the old table; it goes with that.
CREATE INDEX person_key ON person (key);

-- Whoever was met under one mail address by several sources is one person: the oldest stays.
-- PostgreSQL: floor division of the id by 2 ^ 21 is written the same way.
INSERT INTO people (id, ref, name, said, met, created_at, updated_at)
SELECT p.id, NULL, p.name, '{}',
       json_patch('{}', json_object(
         'name', p.name,
         'emails', CASE WHEN p.key LIKE 'mail:%@%' THEN json_array(substr(p.key, 6)) END,
         'phones', CASE WHEN p.key LIKE 'tel:+%' AND substr(p.key, 6) NOT GLOB '*[^0-9]*'
                        THEN json_array(substr(p.key, 5)) END)),
       p.id >> 21, p.id >> 21
FROM person p
WHERE p.key NOT LIKE 'mail:%@%'
   OR p.id = (SELECT min(o.id) FROM person o WHERE o.key = p.key);

UPDATE delivery SET person_id = (
  SELECT min(o.id) FROM person p JOIN person o ON o.key = p.key WHERE p.id = delivery.person_id)
WHERE person_id IN (SELECT id FROM person WHERE key LIKE 'mail:%@%');

INSERT INTO identity (kind, source, value, person_id)
SELECT 'id', source, substr(key, 4), id FROM person WHERE key LIKE 'id:%'
UNION ALL
SELECT 'email', '', substr(key, 6), min(id) FROM person WHERE key LIKE 'mail:%@%' GROUP BY key
UNION ALL
SELECT 'name', source, substr(key, 6), id FROM person WHERE key LIKE 'name:%';
INSERT INTO identity (kind, source, value, person_id)
SELECT 'phone', '', substr(key, 5), min(id) FROM person
WHERE key LIKE 'tel:+%' AND substr(key, 6) NOT GLOB '*[^0-9]*' GROUP BY key;

DROP TABLE person;
ALTER TABLE people RENAME TO person;

-- Every delivery of a person, not only those that wait: somebody is erased, or two are one.
DROP INDEX delivery_of_person;
CREATE INDEX delivery_of_person ON delivery (person_id) WHERE person_id IS NOT NULL;
