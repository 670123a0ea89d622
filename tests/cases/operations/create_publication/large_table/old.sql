INSERT INTO users (email) VALUES ('old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
DELETE FROM users WHERE email = 'old@example.org';
SELECT id, email FROM users WHERE id = 2;
