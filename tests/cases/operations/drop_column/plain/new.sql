INSERT INTO users (id, name) VALUES (2000, 'New') ON CONFLICT (id) DO NOTHING;
SELECT id, name FROM users;
DELETE FROM users WHERE id = 2000;
