SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID;
