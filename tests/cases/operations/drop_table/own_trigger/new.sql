SELECT id, email FROM users WHERE id = 1;
UPDATE users SET name = 'changed by new' WHERE id = 8;
