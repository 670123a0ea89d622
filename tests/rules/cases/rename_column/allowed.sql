SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN x int;
ALTER TABLE users RENAME x TO y;
