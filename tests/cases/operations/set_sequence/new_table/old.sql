SELECT city FROM users;
