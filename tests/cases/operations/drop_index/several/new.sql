UPDATE users SET name = 'New' WHERE id = 8;
SELECT id FROM users WHERE id = 8;
