UPDATE users SET email = 'old' WHERE id = 1;
