INSERT INTO users (email) VALUES ('old@example.org');
INSERT INTO members (email) VALUES ('view@example.org');
UPDATE users SET email = 'changed@example.org' WHERE id = 1;
SELECT id, email, nickname FROM users WHERE id = 2;
