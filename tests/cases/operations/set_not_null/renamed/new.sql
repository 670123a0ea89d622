INSERT INTO users (address, nickname) VALUES ('new@example.org', 'n');
SELECT 1 / count(address) FROM users HAVING count(*) = count(address);
