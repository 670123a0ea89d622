-- seen
UPDATE events SET seen = seen + 1 WHERE ref = :one;
-- joined
INSERT INTO events (ref, name) VALUES (:new, 'joined') RETURNING *;
-- renamed
SELECT * FROM events WHERE ref = :mine FOR UPDATE;
UPDATE events SET name = 'renamed' WHERE ref = :mine RETURNING id, name;
-- again
INSERT INTO events (ref, name) VALUES (:mine, 'again')
ON CONFLICT ON CONSTRAINT events_pkey DO UPDATE SET name = EXCLUDED.name;
-- kind
UPDATE events SET name = 'kind', kind = 2 WHERE ref = :mine;
-- read
SELECT events.*, kinds.name FROM events JOIN kinds ON kinds.id = kind WHERE ref = :mine;
-- left
DELETE FROM events WHERE ref = :gone RETURNING *;
