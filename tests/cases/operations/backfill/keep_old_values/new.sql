UPDATE users SET email = 'changed@example.org' WHERE id = 2;
