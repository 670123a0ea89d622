INSERT INTO users (email) VALUES ('old@example.org')
ON CONFLICT (email) DO UPDATE SET country = 'fr' RETURNING id, number, size;
INSERT INTO users (id, email) OVERRIDING SYSTEM VALUE VALUES (100000, 'old-id@example.org')
ON CONFLICT DO NOTHING;
INSERT INTO users (id, email, size) VALUES (DEFAULT, DEFAULT, DEFAULT) ON CONFLICT DO NOTHING;
WITH made AS (INSERT INTO users (email) VALUES ('cte@example.org') ON CONFLICT DO NOTHING RETURNING id)
INSERT INTO orders (user_id) SELECT id FROM made;
UPDATE users AS u SET country = 'fr' FROM orders AS o WHERE o.user_id = u.id AND u.id = 7;
DELETE FROM users WHERE id = 8;
INSERT INTO orders (user_id) SELECT id FROM users WHERE email = 'old@example.org';
SELECT users.*, row_to_json(users) FROM users ORDER BY id LIMIT 1;
SELECT id FROM users WHERE id = 7 FOR NO KEY UPDATE SKIP LOCKED;
SELECT email FROM addresses WHERE id = 7;
SELECT how_many();
SELECT id, email FROM ONLY users LIMIT 1;
