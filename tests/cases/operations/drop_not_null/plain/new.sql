INSERT INTO users (id, name) VALUES (1000 + (SELECT count(*) FROM users), 'New');
UPDATE users SET email = NULL WHERE id = 3;
SELECT coalesce(email, 'none') FROM users WHERE id = 3;
