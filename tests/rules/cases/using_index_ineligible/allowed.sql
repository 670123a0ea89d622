SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX users_email;
