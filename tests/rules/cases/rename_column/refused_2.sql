SET lock_timeout = '2s';
ALTER TABLE users RENAME name TO full_name;
