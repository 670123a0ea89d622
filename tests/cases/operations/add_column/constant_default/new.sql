INSERT INTO users (email, active, seen) VALUES ('new@example.org', false, now());
SELECT active, seen FROM users WHERE id = 1;
