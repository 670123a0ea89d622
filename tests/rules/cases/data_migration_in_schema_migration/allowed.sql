UPDATE users SET name = '' WHERE id = 7;
