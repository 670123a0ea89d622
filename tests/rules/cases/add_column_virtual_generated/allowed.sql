SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN size integer GENERATED ALWAYS AS (length(email)) VIRTUAL;
