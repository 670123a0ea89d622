INSERT INTO users (email) VALUES ('new@example.org') RETURNING number;
SELECT number FROM users WHERE id = 1;
