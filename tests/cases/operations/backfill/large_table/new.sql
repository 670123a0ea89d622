SELECT nickname FROM users WHERE id = 2;
