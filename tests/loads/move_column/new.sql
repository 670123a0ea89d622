-- seen
UPDATE users SET seen = seen + 1 WHERE id = :one;
-- counted
SELECT id FROM users WHERE id = :one FOR NO KEY UPDATE;
UPDATE profiles SET bio = coalesce(bio, '') || '+' WHERE user_id = :one;
-- joined
INSERT INTO users (id) VALUES (:new) RETURNING seen;
INSERT INTO profiles (user_id, name) VALUES (:new, 'joined');
-- renamed
SELECT id FROM users WHERE id = :mine FOR UPDATE;
UPDATE profiles SET name = 'renamed' WHERE user_id = :mine;
-- again
UPDATE users SET seen = seen WHERE id = :mine;
INSERT INTO profiles (user_id, name) VALUES (:mine, 'again')
ON CONFLICT (user_id) DO UPDATE SET name = EXCLUDED.name;
-- read
SELECT p.name, p.bio FROM users JOIN profiles AS p ON user_id = id WHERE id = :mine;
-- left
DELETE FROM users WHERE id = :gone RETURNING id;
