SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_age_check;
