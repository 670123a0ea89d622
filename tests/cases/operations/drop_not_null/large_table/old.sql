INSERT INTO users (id, email) VALUES (1000 + (SELECT count(*) FROM users), 'old@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email, name FROM users WHERE id = 2;
