INSERT INTO users (email, domain) VALUES ('new@example.com', 'example.com');
SELECT 1 / count(domain) FROM users HAVING count(*) = count(domain);
