INSERT INTO users (email, logins) VALUES ('new@example.org', 1);
UPDATE users SET logins = 2 WHERE id = 1;
