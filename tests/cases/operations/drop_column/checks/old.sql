INSERT INTO users (id, email, born, died) VALUES (1000, 'old@example.org', 1950, 2000) ON CONFLICT (id) DO NOTHING;
SELECT id, email, born FROM users;
DELETE FROM users WHERE id = 1000;
