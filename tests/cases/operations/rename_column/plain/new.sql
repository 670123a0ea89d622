INSERT INTO users (id, new_email, name)
VALUES (2000, 'new@example.org', 'New') ON CONFLICT (id) DO UPDATE SET new_email = EXCLUDED.new_email;
UPDATE users SET new_email = 'changed-by-new@example.org' WHERE id = 8;
SELECT id, new_email, name FROM users WHERE new_email = 'changed-by-new@example.org';
