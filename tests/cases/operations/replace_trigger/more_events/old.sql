INSERT INTO users (email, logins) VALUES ('old@example.org', 1);
UPDATE users SET logins = -1 WHERE id = 1;
