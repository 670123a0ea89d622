INSERT INTO users (nickname) VALUES ('more');
SELECT id, nickname FROM users WHERE id = 2;
SELECT city FROM users WHERE id = 2;
