SET lock_timeout = '2s';
ALTER TABLE users RENAME CONSTRAINT users_name TO users_name_check;
