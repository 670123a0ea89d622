UPDATE users SET email = 'old@example.org' WHERE id = 1;
