SET lock_timeout = '2s';
ALTER TABLE users RENAME CONSTRAINT users_email TO users_email_key;
