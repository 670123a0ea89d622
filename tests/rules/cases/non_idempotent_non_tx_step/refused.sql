CREATE INDEX CONCURRENTLY users_name ON users (name);
SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN city text;
