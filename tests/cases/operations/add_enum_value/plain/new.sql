INSERT INTO users (id, email, mood) VALUES (1000 + (SELECT count(*) FROM users), 'new@example.org', 'glad');
UPDATE users SET mood = 'glad' WHERE id = 3;
SELECT count(*) FROM users WHERE mood > 'sad';
