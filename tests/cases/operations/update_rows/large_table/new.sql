UPDATE users SET email = 'new@example.org' WHERE id = 3;
