INSERT INTO users (id, email, area, number) VALUES (1000, 'old', 1, 1) ON CONFLICT (email) DO NOTHING;
SELECT email, token, at, area, number FROM users;
DELETE FROM users WHERE id = 1000;
