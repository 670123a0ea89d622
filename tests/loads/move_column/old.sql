-- seen
UPDATE users SET seen = seen + 1 WHERE id = :one;
-- counted
UPDATE users SET bio = coalesce(bio, '') || '+' WHERE id = :one;
-- joined
INSERT INTO users (id, name) VALUES (:new, 'joined') RETURNING seen;
-- renamed
SELECT id, name FROM users WHERE id = :mine FOR UPDATE;
UPDATE users SET name = 'renamed' WHERE id = :mine;
-- again
INSERT INTO users (id, name) VALUES (:mine, 'again')
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name;
-- read
SELECT name, bio FROM users WHERE id = :mine;
-- left
DELETE FROM users WHERE id = :gone RETURNING id;
