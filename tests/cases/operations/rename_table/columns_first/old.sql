INSERT INTO users (id, email, name) VALUES (1000, 'old@example.org', 'Old')
ON CONFLICT (email) DO UPDATE SET name = EXCLUDED.name RETURNING id, email, name;
UPDATE users SET name = 'changed by old' WHERE id = 7;
DELETE FROM users WHERE id = 8;
SELECT id, email, name FROM users WHERE name = 'changed by old' FOR UPDATE;
