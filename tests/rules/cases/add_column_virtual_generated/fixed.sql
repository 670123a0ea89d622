SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN size integer GENERATED ALWAYS AS (length(email)) VIRTUAL;
ALTER TABLE users ADD CONSTRAINT sized CHECK (size > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT sized;
