INSERT INTO users (id, email, name) VALUES (10000, 'old@example.org', 'Old')
ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email RETURNING id, email;
UPDATE users SET name = 'changed by old' WHERE id = 7;
DELETE FROM users WHERE id = 8;
