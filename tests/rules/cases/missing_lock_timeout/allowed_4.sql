UPDATE users SET name = 'a' WHERE id = 1;
