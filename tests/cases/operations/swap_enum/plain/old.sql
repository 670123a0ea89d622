INSERT INTO users (id, email, mood) VALUES (1000 + (SELECT count(*) FROM users), 'old@example.org', 'sad');
UPDATE users SET mood = 'happy' WHERE id = 1;
SELECT id, email, mood FROM users WHERE id = 2 AND mood IN ('sad', 'ok', 'happy');
