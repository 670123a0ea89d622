UPDATE users SET name = 'Old' WHERE id = 7;
SELECT id FROM users WHERE lower(name) = 'old';
