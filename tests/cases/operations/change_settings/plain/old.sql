INSERT INTO users (email) VALUES ('more@example.org');
UPDATE users SET nickname = 'x' WHERE id = 1;
SELECT id, email FROM users WHERE id = 2;
