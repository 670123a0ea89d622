SET lock_timeout = '2s';
ALTER TABLE users_name RENAME TO users_by_name;
