INSERT INTO users (id, email, name)
VALUES (1000, 'old@example.org', 'Old') ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email;
UPDATE users SET email = 'changed-by-old@example.org' WHERE id = 7;
INSERT INTO users (id, email) VALUES (3, 'old@example.org') ON CONFLICT (email) DO NOTHING;
SELECT id, email, country, name FROM users WHERE email = 'changed-by-old@example.org';
