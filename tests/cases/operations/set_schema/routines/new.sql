SELECT lib.twice(n) FROM users;
UPDATE users SET n = n;
