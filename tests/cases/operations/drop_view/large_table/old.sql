INSERT INTO users (email) VALUES ('old@example.org');
SELECT id, email, nickname FROM users WHERE id = 2;
SELECT count(*) FROM domains;
SELECT id, email FROM named WHERE id = 2;
