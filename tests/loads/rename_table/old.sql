-- seen
UPDATE clients SET seen = seen + 1 WHERE ref = :one;
-- joined
INSERT INTO clients (ref, name) VALUES (:new, 'joined') RETURNING id, seen;
INSERT INTO orders (id, client_ref) VALUES (:new, :new);
-- renamed
SELECT id, name FROM clients WHERE ref = :mine FOR UPDATE;
UPDATE clients SET name = 'renamed' WHERE ref = :mine;
-- again
INSERT INTO clients (ref, name) VALUES (:mine, 'again')
ON CONFLICT (ref) DO UPDATE SET name = EXCLUDED.name;
-- read
SELECT name FROM clients JOIN orders ON client_ref = ref WHERE ref = :mine;
-- left
DELETE FROM orders WHERE id = :gone;
DELETE FROM clients WHERE ref = :gone RETURNING id;
