UPDATE users SET mail = 'new' WHERE id = 2;
