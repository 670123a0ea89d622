INSERT INTO users (id) VALUES (2000);
SELECT 1 / count(*) FROM users WHERE id = 2000 AND name = 'dd';
DELETE FROM users WHERE id = 2000;
