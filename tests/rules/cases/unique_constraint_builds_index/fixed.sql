DROP INDEX CONCURRENTLY IF EXISTS users_name;
CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (name);
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT users_name UNIQUE USING INDEX users_name;
