SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
UPDATE users SET x = 1 WHERE id = 100;
