-- seen
UPDATE users SET seen = seen + 1 WHERE id = :one;
-- joined
INSERT INTO users (id, email) VALUES (:new, 'first' || :new);
UPDATE users SET seen = seen + 1 WHERE id = :new;
-- moved
UPDATE users SET email = 'second' || :mine WHERE id = :mine;
-- read
SELECT id FROM users WHERE id = :mine FOR UPDATE;
-- left
DELETE FROM users WHERE id = :gone;
