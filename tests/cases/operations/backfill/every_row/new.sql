SELECT email FROM users WHERE id = 2;
