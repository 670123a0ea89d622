SELECT nickname, age FROM users WHERE id = 1;
