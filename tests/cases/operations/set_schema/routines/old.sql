SELECT twice(n) FROM users;
UPDATE users SET n = n;
