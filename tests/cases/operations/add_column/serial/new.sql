INSERT INTO users (email) VALUES ('new@example.org');
SELECT number FROM users WHERE id = 1;
