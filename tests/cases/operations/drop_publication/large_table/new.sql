INSERT INTO users (email) VALUES ('new@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
DELETE FROM users WHERE email = 'new@example.org';
SELECT id, email FROM users WHERE id = 2;
