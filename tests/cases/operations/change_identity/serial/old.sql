INSERT INTO users (email) VALUES ('old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email FROM users WHERE id = 2;
