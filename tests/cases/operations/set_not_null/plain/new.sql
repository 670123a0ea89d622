INSERT INTO users (email, nickname) VALUES ('new@example.org', 'n');
SELECT 1 / count(nickname) FROM users HAVING count(*) = count(nickname);
