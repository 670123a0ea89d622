UPDATE users SET name = 'old' WHERE number = 1;
