SELECT doubled(n) FROM users;
UPDATE users SET n = n;
