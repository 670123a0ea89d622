UPDATE users SET name = 'old' WHERE id = 1;
