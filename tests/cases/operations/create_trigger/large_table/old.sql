INSERT INTO users (email) VALUES ('old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email, nickname FROM users WHERE id = 2;
UPDATE users SET email = 'none' WHERE id = 7;
