SELECT seen FROM users WHERE id = 2;
