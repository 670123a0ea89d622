INSERT INTO users (email, nickname) VALUES ('New@example.org', 'new');
UPDATE users SET nickname = 'one' WHERE id = 1;
