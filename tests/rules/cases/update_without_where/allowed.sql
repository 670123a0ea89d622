UPDATE users SET name = email WHERE id = 1;
