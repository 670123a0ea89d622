SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE users ADD CONSTRAINT aged CHECK (age > 0) NOT VALID;
