INSERT INTO users (id, email, name)
VALUES (1000, 'old@example.org', 'Old') ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email;
UPDATE users SET email = 'changed-by-old@example.org' WHERE id = 7;
SELECT id, email, name FROM users WHERE email = 'changed-by-old@example.org';
