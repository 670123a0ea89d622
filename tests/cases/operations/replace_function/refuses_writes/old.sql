INSERT INTO users (email) VALUES ('Old@example.org');
UPDATE users SET nickname = NULL WHERE id = 1;
