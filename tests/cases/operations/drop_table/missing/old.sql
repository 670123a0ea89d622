UPDATE users SET name = 'changed by old' WHERE id = 7;
