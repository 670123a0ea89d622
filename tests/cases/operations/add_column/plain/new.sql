INSERT INTO users (email, age) VALUES ('new@example.org', 30);
SELECT age FROM users WHERE id = 1;
