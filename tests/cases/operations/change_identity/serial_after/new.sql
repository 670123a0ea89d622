INSERT INTO users (email) VALUES ('new@example.org');
SELECT 1 / count(*) FROM users WHERE email = 'new@example.org' AND id > 30;
