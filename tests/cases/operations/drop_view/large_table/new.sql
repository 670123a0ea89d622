INSERT INTO users (email) VALUES ('new@example.org');
SELECT id, email FROM users WHERE id = 2;
