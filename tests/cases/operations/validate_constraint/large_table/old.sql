INSERT INTO users (id, email) VALUES (7000, 'o@example.org') ON CONFLICT (id) DO NOTHING;
UPDATE users SET name = 'Old' WHERE id = 2;
SELECT id, email FROM users WHERE id = 2;
