SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN size integer GENERATED ALWAYS AS (length(email)) VIRTUAL;
ALTER TABLE users ADD CONSTRAINT users_size_check CHECK (size > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_size_check;
