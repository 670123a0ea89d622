INSERT INTO users (email) VALUES ('new@example.org');
SELECT 1 / count(token) FROM users HAVING count(*) = count(token);
