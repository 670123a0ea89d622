-- seen
UPDATE users SET seen = seen + 1 WHERE id = :one;
-- joined
INSERT INTO users (id, email, seen) VALUES (:new, 'first' || :new, 1);
-- moved
SELECT email FROM users WHERE id = :mine FOR UPDATE;
UPDATE users SET email = 'second' || :mine WHERE id = :mine;
-- left
DELETE FROM users WHERE id = :gone;
