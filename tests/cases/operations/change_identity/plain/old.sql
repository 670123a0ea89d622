INSERT INTO users (id, email) SELECT max(id) + 1, 'old@example.org' FROM users WHERE id < 500000;
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email FROM users WHERE id = 2;
