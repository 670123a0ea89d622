INSERT INTO users (nickname) VALUES ('more');
UPDATE users SET nickname = 'changed' WHERE id = 1;
SELECT id, nickname FROM users WHERE id = 2;
