-- Calls that no event could be made of.

-- name: insert_unmapped
-- Keeps such a call.
INSERT INTO unmapped (id, source, status, accepted_at, digest, note, method, query, headers, body)
VALUES {rows};

-- name: find_same_unmapped
-- The same call that came since some id, and was neither read nor erased meanwhile.
SELECT id FROM unmapped
WHERE source = ?1 AND digest = ?2 AND id >= ?3 AND status = 'unmapped' AND body IS NOT NULL
ORDER BY id DESC LIMIT 1;

-- name: note_unmapped
-- Says what came of reading it again.
UPDATE unmapped SET status = ?2, note = ?3 WHERE id = ?1 AND status = 'unmapped';

-- name: raw_call
-- What is needed to read it again.
SELECT method, query, headers, body FROM unmapped WHERE id = ? AND body IS NOT NULL;

-- name: list_unmapped
-- Such calls, newest first. {where} stands for the conditions that were asked for.
SELECT u.id, u.status, u.source, u.accepted_at, u.note, u.body IS NOT NULL
FROM unmapped u WHERE {where} ORDER BY u.id DESC LIMIT ?;

-- name: raw_calls_after
-- What calls were, in slices from some id on.
SELECT id, note, query, headers, body FROM unmapped WHERE id > ?1 ORDER BY id LIMIT ?2;

-- name: erase_raw_calls
-- Erases what calls were, and why they could not be read.
UPDATE unmapped SET note = ?2, query = NULL, headers = NULL, body = NULL
WHERE id IN (SELECT value FROM json_each(?1));

-- name: forget_raw_calls
-- Erases what old ones were, onwards from the last id that was erased.
UPDATE unmapped SET query = NULL, headers = NULL, body = NULL
WHERE id IN (SELECT id FROM unmapped WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3) RETURNING id;

-- name: forget_unmapped
-- Erases old ones.
DELETE FROM unmapped WHERE id IN (SELECT id FROM unmapped WHERE id < ?1 ORDER BY id LIMIT ?2)
RETURNING id;
